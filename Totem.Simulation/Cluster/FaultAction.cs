namespace Totem.Simulation.Cluster;

/// <summary>One thing a script does to a cluster. Its text is one readable line that the parser of
/// scripts reads back.</summary>
internal abstract record FaultAction
{
    /// <summary>The line a script holds for this action.</summary>
    protected abstract string Text { get; }

    /// <summary>The processors it is about; nobody may stand for everybody.</summary>
    public abstract IEnumerable<ProcessorId> Nodes { get; }

    /// <summary>Does it.</summary>
    public abstract void Apply(SimulatedCluster cluster);

    /// <inheritdoc />
    public sealed override string ToString() => Text;
}
