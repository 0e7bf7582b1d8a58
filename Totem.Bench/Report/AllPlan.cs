using System.Globalization;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.Bench.Results;
using Totem.Bench.Ring;

namespace Totem.Bench.Report;

/// <summary>A part of the plan: cases that alternate, run by run.</summary>
/// <param name="Key">Its name, by which a file of results knows it.</param>
/// <param name="Runs">How often each engine of each case is measured.</param>
/// <param name="PlansFor">The cases, which may depend on what was measured before; none when that
/// came to nothing.</param>
/// <param name="Estimate">How many runs of how long it will be, in seconds.</param>
internal sealed record PlanPart(
    string Key, int Runs, Func<Measurements, IReadOnlyList<RingPlan>> PlansFor, double Estimate);

/// <summary>Everything the report has: each row of the targets with alternating runs, and the
/// curves with fewer.</summary>
/// <param name="isQuick">Every kind of case once, with short windows: to see that it works, not to be quoted.</param>
/// <param name="nodesDirectory">The build that nodes are of; null for this program.</param>
internal sealed class AllPlan(bool isQuick, string? nodesDirectory = null)
{
    /// <summary>How much of saturation is offered where the tails are looked at.</summary>
    public static readonly double[] TailShares = [0.1, 0.3, 0.6];

    private const int TableRuns = 5;
    private const int CurveRuns = 1;
    private const int GrowthRuns = 3;
    private const int ColdRuns = 3;
    private const int QueueRuns = 2;
    private const double LoadSeconds = 3; // Longer: what is read from it are high quantiles.
    private const double IdleSeconds = 6;
    private const double WarmSecondsQuick = 2;
    private const double MinuteSeconds = 128; // Two pauses.

    // Fourteen runtimes on two cores need seconds until their compilers are done.
    private const double LargeWarmUp = 6;
    private const int LargeNodes = 8;

    // A message to one, then to the next, as most rings of a cloud have it; saturation uses what a
    // network of one's own can do.
    private const string QuietTransport = "udpu";
    private const string LoadTransport = "udp";

    // The time that a run takes besides its warm-up and window, measured: processes start, the ring forms, everybody
    // leaves.
    private const double RunOverhead = 1.2;
    private const double NodeOverhead = 0.22;

    private static readonly double[] LoadShares = [.. TailShares, 0.9];
    private static readonly string[] LoadEngines = [EngineSpec.Totem, Cases.Corosync];

    private readonly double _seconds = isQuick ? 1 : 2;
    private readonly double _warmUp = isQuick ? 0.5 : 1.5;

    /// <summary>The name of the part with an offered load.</summary>
    public static string LoadKey(string engine, double share) =>
        string.Create(CultureInfo.InvariantCulture, $"load-{engine}-{share}");

    /// <summary>All parts, in their order.</summary>
    public IReadOnlyList<PlanPart> Parts =>
        [.. Latency(), .. Throughput(), .. Loads(), .. Queue(), .. Curves(), .. Long()];

    private IEnumerable<PlanPart> Latency()
    {
        string[] engines = [EngineSpec.Totem, Cases.NoRest, Cases.Corosync, Cases.HopLimit];
        yield return Quiet(
            "closed-3", Of(Cases.Closed(3), [.. engines, EngineSpec.Mixed, EngineSpec.LibCpg, Cases.TokenLimit]),
            SecondOf(3), PauseOf(3, 1), PauseOf(3, 2),
            Of(Cases.Closed(3) with { Guarantee = "safe" }, EngineSpec.Totem, Cases.NoRest));
        if (!isQuick)
            yield return Quiet("closed-5", Of(Cases.Closed(5), [.. engines, Cases.TokenLimit]), SecondOf(5));
        yield return Quiet(
            "closed-14", Of(Cases.Closed(Cases.MaxNodes), [.. engines, Cases.TokenLimit]), SecondOf(Cases.MaxNodes),
            PauseOf(Cases.MaxNodes, 1),
            PauseOf(Cases.MaxNodes, 2));
        foreach (var nodes in isQuick ? [3] : (int[])[3, Cases.MaxNodes])
            yield return Quiet(Key("turns", nodes), Of(Cases.Turns(nodes), EngineSpec.Totem, Cases.NoRest));
        yield return Quiet("idle-14", Of(Cases.Idle(Cases.MaxNodes), EngineSpec.Totem) with { Seconds = isQuick
            ? 2 * _seconds
            : IdleSeconds });
        foreach (var nodes in isQuick ? [3] : (int[])[3, 5, Cases.MaxNodes])
        {
            foreach (var rate in (int[])[1000, 20_000])
                yield return Quiet($"{Key("rate", nodes)}-{rate}",
                    Of(Cases.Rate(nodes, rate), EngineSpec.Totem, Cases.NoRest));
        }

        yield return Quiet("busy-2",
            Of(Cases.Closed(2) with { IsBusyPolling = true }, EngineSpec.Totem, Cases.BusyTokenLimit));
    }

    private RingPlan SecondOf(int nodes) => Of(Cases.Second(nodes), EngineSpec.Totem);

    private RingPlan PauseOf(int nodes, int senders) =>
        Of(Cases.AfterSecond(nodes, senders), EngineSpec.Totem, Cases.HopLimit) with { Seconds = IdleSeconds };

    private IEnumerable<PlanPart> Throughput()
    {
        string[] engines = [EngineSpec.Totem, Cases.NoRest, Cases.Corosync, Cases.FanOutLimit];
        yield return Part("saturation-64-3", TableRuns,
            Of(Cases.Saturation(3, 64), EngineSpec.Totem, Cases.NoRest, Cases.Corosync));
        yield return Part("saturation-1350-3", TableRuns,
            Of(Cases.Saturation(3, Cases.DatagramSize), [.. engines, EngineSpec.LibCpg]));
        if (!isQuick)
            yield return Part("saturation-1350-5", TableRuns, Of(Cases.Saturation(5, Cases.DatagramSize), engines));
        yield return Part("one-65536", TableRuns, Of(Cases.OneSender(65536), [.. engines, EngineSpec.LibCpg]));
        yield return Part("one-1000000", TableRuns, Of(Cases.OneSender(Cases.LargestSize), engines));
        yield return Part("groups", TableRuns, Of(Cases.Groups, EngineSpec.Totem, Cases.ManyGroups));
    }

    private IEnumerable<PlanPart> Loads() =>
        (isQuick ? [0.25, 0.8] : LoadShares).SelectMany(share => LoadEngines.Select(engine => LoadPart(engine, share)));

    private IEnumerable<PlanPart> Queue()
    {
        foreach (var load in (LoadKind[])[LoadKind.Closed, LoadKind.Saturation])
        {
            var plan = RingPlan.OfQueue(new LoadShape(load, 0), Cases.NodesOfTable, 64, _seconds, _warmUp, 1);
            yield return Part($"queue-{plan.Load}", QueueRuns, plan with { NodesDirectory = nodesDirectory });
        }
    }

    private IEnumerable<PlanPart> Curves()
    {
        string[] engines = [EngineSpec.Totem, Cases.Corosync];
        foreach (var size in isQuick ? [Cases.DatagramSize] : (int[])[64, Cases.DatagramSize, 8192])
            yield return Part(Key("one", size), CurveRuns, Of(Cases.OneSender(size), [.. engines, Cases.FanOutLimit]));
        foreach (var nodes in isQuick ? [2] : (int[])[2, 8, Cases.MaxNodes])
        {
            yield return Part(
                Key("growth", nodes), GrowthRuns,
                Of(Cases.Closed(nodes), [.. engines, Cases.HopLimit, Cases.TokenLimit]) with { Transport =
                    QuietTransport },
                Of(Cases.Saturation(nodes, Cases.DatagramSize), [.. engines, Cases.NoRest, Cases.FanOutLimit]));
        }
    }

    // Last, since they are long.
    private IEnumerable<PlanPart> Long()
    {
        foreach (var nodes in isQuick ? [3] : (int[])[3, 5, Cases.MaxNodes])
        {
            RingCase[] cases = [Cases.Closed(nodes), Cases.Saturation(nodes, Cases.DatagramSize)];
            var plans = cases.SelectMany(which => ((double[])[0, isQuick ? WarmSecondsQuick : Cases.WarmSeconds])
                .Select(warmUp => Of(which, EngineSpec.Totem) with { WarmUpSeconds = warmUp,
                    Seconds = Cases.ColdSeconds, Transport = QuietTransport }));
            yield return Part(Key("cold", nodes), ColdRuns, [.. plans]);
        }

        // Once: that it ends, and with whom, is all it says.
        yield return Part(
            "soak-14", 1, Of(Cases.Saturation(Cases.MaxNodes, Cases.DatagramSize),
                EngineSpec.Totem) with { Seconds = isQuick ? 5 : Targets.SoakSeconds });
        if (isQuick)
            yield break;
        foreach (var nodes in (int[])[3, Cases.MaxNodes])
        {
            foreach (var senders in (int[])[1, 2])
            {
                var plan = Of(Cases.AfterMinute(nodes, senders), EngineSpec.Totem) with { Seconds = MinuteSeconds,
                    Transport = QuietTransport };
                yield return Part($"{Key("minute", nodes)}-{senders}", 1, plan);
            }
        }
    }

    // Offered loads up to nearly what an engine can take, each at every engine that can take it: at common loads they
    // are compared, and beyond the slower one's the faster one goes on alone.
    private PlanPart LoadPart(string engine, double share)
    {
        var seconds = isQuick ? _seconds : LoadSeconds;
        var runs = Runs(engine == EngineSpec.Totem ? GrowthRuns : CurveRuns);
        return new PlanPart(LoadKey(engine, share), runs, PlansFor,
            runs * LoadEngines.Length * Seconds(Cases.NodesOfTable, _warmUp + seconds));

        IReadOnlyList<RingPlan> PlansFor(Measurements measured)
        {
            if (MostOf(engine, measured) is not { } most)
                return [];
            var rate = Round(share * most);
            string[] able = [.. LoadEngines.Where(x => x == engine || LoadShares[^1] * MostOf(x, measured) >= rate)];
            var load = string.Create(CultureInfo.InvariantCulture, $"rate:{rate}");
            return [Of(new RingCase(Cases.NodesOfTable, Cases.DatagramSize, load, Cases.NodesOfTable),
                able) with { Seconds = seconds }];
        }
    }

    private static double? MostOf(string engine, Measurements measured) => Spread.Of(
        new Figure(Cases.Saturation(Cases.NodesOfTable, Cases.DatagramSize), engine, Figure.Rate).Values(measured)
            .OfType<double>())?.Median;

    private static string Key(string kind, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}-{number}");

    private int Runs(int runs) => isQuick ? 1 : runs;

    private PlanPart Quiet(string key, params IReadOnlyList<RingPlan> plans) =>
        Part(key, TableRuns, [.. plans.Select(x => x with { Transport = QuietTransport })]);

    private PlanPart Part(string key, int runs, params IReadOnlyList<RingPlan> plans)
        => new(key, Runs(runs), _ => plans,
            Runs(runs) * plans.Sum(x => x.Engines.Count * Seconds(x.Nodes, x.WarmUpSeconds + x.Seconds)));

    private static double Seconds(int nodes, double load) => RunOverhead + nodes * NodeOverhead + load;

    private RingPlan Of(RingCase which, params IReadOnlyList<string> engines) => new(
        [.. engines.Select(EngineSpec.Parse)], which.Nodes, which.Size ?? Cases.DatagramSize, which.Guarantee == "safe",
        LoadShape.TryParse(which.Load, out var load) ? load : throw new InvalidOperationException(which.Load),
        which.Senders ?? which.Nodes,
        _seconds, isQuick || nodesDirectory is not null || which.Nodes < LargeNodes ? _warmUp : LargeWarmUp, 1,
        LoadTransport, which.Api,
        which.IsBusyPolling, nodesDirectory);

    // Two digits: loads are labels too.
    private static double Round(double rate)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(rate)) - 1);
        return Math.Round(rate / unit) * unit;
    }
}
