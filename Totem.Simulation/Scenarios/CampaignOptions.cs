using Totem.Simulation.Faults;

namespace Totem.Simulation.Scenarios;

/// <summary>The runs of a campaign of random scenarios.</summary>
public sealed record CampaignOptions
{
    /// <summary>How many scenarios. Default 3000.</summary>
    public int ScenarioCount { get; init; } = 3000;

    /// <summary>The seed of the first; the n-th has this plus n − 1. Default 1.</summary>
    public ulong FirstSeed { get; init; } = 1;

    /// <summary>Threads, each running whole scenarios. Default: the processors of this machine.</summary>
    public int ThreadCount { get; init; } = Environment.ProcessorCount;

    /// <summary>How many processors every scenario has; null draws 2 to 14.</summary>
    public int? ProcessorCount { get; init; }

    /// <summary>Ends the campaign early after this many failures. Default 10.</summary>
    public int MaxFailures { get; init; } = 10;

    /// <summary>Reduces the first failures to short scripts: how many of them. Default 3.</summary>
    public int ShrinkCount { get; init; } = 3;

    /// <summary>Draws scenarios in which one pair never hears each other: <see cref="ScenarioGenerator.DrawPairCut"/>.
    /// It needs <see cref="ProcessorCount"/>, 3 or more.</summary>
    public bool PairCut { get; init; }

    /// <summary>With process groups: <see cref="ScenarioGenerator.DrawGroups"/>.</summary>
    public bool Groups { get; init; }

    /// <summary>On kronosnet: <see cref="ScenarioGenerator.DrawKnet"/>.</summary>
    public bool Knet { get; init; }

    /// <summary>Only scenarios on this kind of ring; null, the default, draws it.</summary>
    public RingKind? Ring { get; init; }

    /// <summary>Instead of the random ones, for tests of the campaign itself.</summary>
    internal Func<ulong, FaultScript>? Generator { get; init; }

    /// <summary>The scenario of a seed.</summary>
    /// <exception cref="InvalidOperationException"><see cref="PairCut"/> without a processor count
    /// of 3 or more.</exception>
    public FaultScript Draw(ulong seed)
    {
        if (Generator is not null)
            return Generator(seed);
        if (Knet)
            return ScenarioGenerator.DrawKnet(seed, ProcessorCount, Ring);
        if (Groups && !PairCut)
            return ScenarioGenerator.DrawGroups(seed, ProcessorCount, Ring);
        if (!PairCut)
            return ScenarioGenerator.Draw(seed, ProcessorCount, Ring);
        return ProcessorCount is { } count && count >= 3
            ? ScenarioGenerator.DrawPairCut(seed, count, Ring)
            : throw new InvalidOperationException($"{nameof(PairCut)} with {ProcessorCount?.ToString() ?? "no"} "
                + "processors, expected 3 or more");
    }

    /// <summary>The command that runs the scenario of a seed again.</summary>
    public string ReplayCommand(ulong seed) =>
        $"totem simulate --seed {seed}" + (ProcessorCount is { } count ? $" --processors {count}" : "")
            + (PairCut ? " --pair-cut" : "")
        + (Groups ? " --groups" : "") + (Knet ? " --knet" : "")
        + (Ring is { } ring ? $" --ring {ring.ToString().ToLowerInvariant()}" : "");
}

/// <summary>Where a campaign is.</summary>
/// <param name="Done">Scenarios finished.</param>
/// <param name="Total">Scenarios wanted.</param>
/// <param name="Failed">Scenarios that broke a rule.</param>
/// <param name="PerSecond">Scenarios a second so far.</param>
public readonly record struct CampaignProgress(int Done, int Total, int Failed, double PerSecond);

/// <summary>One failure of a campaign.</summary>
/// <param name="Original">The scenario as it was drawn.</param>
/// <param name="Shrunk">The shortest script found that breaks the same rule; the original where it
/// was not reduced.</param>
/// <param name="ReplayCommand">The command that runs the original again; null when it was not drawn from a
/// seed.</param>
public sealed record CampaignFailure(ScenarioResult Original, ScenarioResult Shrunk, string? ReplayCommand);

/// <summary>The result of a campaign.</summary>
public sealed record CampaignReport
{
    /// <summary>The options.</summary>
    public required CampaignOptions Options { get; init; }

    /// <summary>Scenarios that were run; fewer than asked for when it ended early.</summary>
    public int Done { get; init; }

    /// <summary>How many of them broke a rule.</summary>
    public int FailedCount { get; init; }

    /// <summary>The failures, lowest seed first; at most <see cref="CampaignOptions.MaxFailures"/> and a few.</summary>
    public required IReadOnlyList<CampaignFailure> Failures { get; init; }

    /// <summary>How long it took, shrinking not counted.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Scenarios a second, all threads together.</summary>
    public double PerSecond => Done / Math.Max(1e-9, Elapsed.TotalSeconds);

    /// <summary>Virtual time of all scenarios together.</summary>
    public TimeSpan VirtualTime { get; init; }

    /// <summary>Datagrams sent in all scenarios.</summary>
    public long TransmitCount { get; init; }

    /// <summary>Events in all traces.</summary>
    public long TraceCount { get; init; }

    /// <summary>Configurations delivered in all scenarios.</summary>
    public long InstallCount { get; init; }

    /// <summary>Messages to groups that were handed to processors, in all scenarios.</summary>
    public long GroupDeliveryCount { get; init; }

    /// <summary>The largest part of its bound that any scenario that passed needed to find
    /// together: 1 is the bound.</summary>
    public double WorstConvergence { get; init; }

    /// <summary>The seed of that scenario.</summary>
    public ulong WorstConvergenceSeed { get; init; }

    /// <summary>The events that the engines reported, counted over all scenarios.</summary>
    public required Model.Coverage Coverage { get; init; }

    /// <summary>True when every scenario passed.</summary>
    public bool Passed => FailedCount == 0;
}
