namespace Totem;

/// <summary>One processor does not hear another, although somebody hears both.</summary>
/// <param name="Listener">The processor that does not hear.</param>
/// <param name="Speaker">The processor that is not heard.</param>
public readonly record struct BrokenLink(ProcessorId Listener, ProcessorId Speaker)
{
    /// <summary>True when the processor is at one end.</summary>
    public bool Includes(ProcessorId id) => id == Listener || id == Speaker;

    /// <summary>The end that this processor is not.</summary>
    public ProcessorId OtherEnd(ProcessorId id) => id == Listener ? Speaker : Listener;

    /// <inheritdoc />
    public override string ToString() => $"{Listener}⇍{Speaker}";
}
