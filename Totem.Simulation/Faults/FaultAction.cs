using Totem.Core.Model;
using Totem.Simulation.Cluster;

namespace Totem.Simulation.Faults;

/// <summary>One thing a script does to a cluster. Its text is one readable line that <see cref="ActionParser"/> reads back.</summary>
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

/// <summary>When, from the start of the run, an action happens.</summary>
internal sealed record TimedAction(TimeSpan At, FaultAction Action)
{
    /// <inheritdoc />
    public override string ToString() => $"at {ScriptText.Duration(At)} {Action}";
}
