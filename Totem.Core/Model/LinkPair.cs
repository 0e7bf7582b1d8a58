namespace Totem.Core.Model;

/// <summary>Two processors between which messages do not pass, in one direction at least. The order has no meaning.</summary>
public readonly record struct LinkPair
{
    /// <summary>Names the pair.</summary>
    public LinkPair(ProcessorId one, ProcessorId other) =>
        (Low, High) = one.Value < other.Value ? (one, other) : (other, one);

    /// <summary>The lower id.</summary>
    public ProcessorId Low { get; }

    /// <summary>The higher id.</summary>
    public ProcessorId High { get; }

    /// <summary>True when the processor is one of the two.</summary>
    public bool Includes(ProcessorId id) => id == Low || id == High;

    /// <inheritdoc />
    public override string ToString() => $"{Low}|{High}";
}
