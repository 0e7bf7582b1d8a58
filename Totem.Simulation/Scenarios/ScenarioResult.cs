using Totem.Core.Time;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>One thing that a scenario showed to be wrong.</summary>
/// <param name="Rule">A rule of EVS §2 by number, or <c>engine</c> (an exception), <c>liveness</c>, <c>store</c>,
/// <c>limit</c>, and on kronosnet <c>knet</c> (a frame that was not sent so), <c>view</c>, <c>keys</c>.</param>
/// <param name="Text">The failure, with the events that show it.</param>
public sealed record ScenarioFailure(string Rule, string Text);

/// <summary>The result of one run of a script.</summary>
public sealed record ScenarioResult
{
    /// <summary>The script.</summary>
    public required FaultScript Script { get; init; }

    /// <summary>The seed the script was drawn from; null for a script that was written or reduced.</summary>
    public ulong? ScenarioSeed { get; init; }

    /// <summary>Everything that was wrong; empty when every rule held.</summary>
    public required IReadOnlyList<ScenarioFailure> Failures { get; init; }

    /// <summary>True when every rule held.</summary>
    public bool Passed => Failures.Count == 0;

    /// <summary>How long the run took on its own clock.</summary>
    public TimeSpan VirtualTime { get; init; }

    /// <summary>How long it took from the end of the faults until a stable ring stood.</summary>
    public TimeSpan ConvergenceTime { get; init; }

    /// <summary>How long that may take.</summary>
    public TimeSpan ConvergenceBound { get; init; }

    /// <summary>Events of the queue.</summary>
    public long EventCount { get; init; }

    /// <summary>Datagrams that engines sent.</summary>
    public long TransmitCount { get; init; }

    /// <summary>Events in the trace.</summary>
    public int TraceCount { get; init; }

    /// <summary>Configurations delivered, at all processors.</summary>
    public long InstallCount { get; init; }

    /// <summary>Messages to groups that were handed to processors.</summary>
    public long GroupDeliveryCount { get; init; }

    /// <summary>Over every byte sent and everything delivered, in order: equal for equal scripts.</summary>
    public ulong Digest { get; init; }

    /// <summary>The events that the engines reported, counted.</summary>
    public required Coverage Coverage { get; init; }

    /// <summary>The rule of the first failure; null when every rule held.</summary>
    public string? Rule => Failures.Count == 0 ? null : Failures[0].Rule;

    internal Traces.Trace? Trace { get; init; }
}
