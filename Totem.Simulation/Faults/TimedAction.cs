using Totem.Simulation.Cluster;

namespace Totem.Simulation.Faults;

/// <summary>When, from the start of the run, an action happens.</summary>
internal sealed record TimedAction(TimeSpan At, FaultAction Action)
{
    /// <inheritdoc />
    public override string ToString() => $"at {ScriptText.Duration(At)} {Action}";
}
