using System.Globalization;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.Bench.Results;
using Totem.Bench.Ring;

namespace Totem.Bench.Report;

/// <summary>A part of the plan: cases that alternate, run by run.</summary>
/// <param name="Key">Its name, by which a file of results knows it.</param>
/// <param name="Runs">How often each engine of each case is measured.</param>
/// <param name="PlansFor">The cases, which may depend on what was measured before; none when that came to nothing.</param>
/// <param name="Estimate">How many runs of how long it will be, in seconds.</param>
internal sealed record PlanPart(string Key, int Runs, Func<Measurements, IReadOnlyList<RingPlan>> PlansFor, double Estimate);

/// <summary>Everything the report has: each row of the targets with alternating runs, and the curves with fewer.</summary>
/// <param name="isQuick">Every kind of case once, with short windows: to see that it works, not to be quoted.</param>
internal sealed class AllPlan(bool isQuick)
{
    private const int TableRuns = 5;
    private const int CurveRuns = 1;
    private const int QueueRuns = 2;
    private const double LoadSeconds = 3; // Once, but longer: what is read from it are high quantiles.
    private const int CurveSize = 1350;
    private const int NodesOfTable = 3;
    private const double IdleSeconds = 6;

    // Fourteen runtimes on two cores need seconds until their compilers are done; what a ring does then is what it does for the rest of
    // its life.
    private const double LargeWarmUp = 6;
    private const int LargeNodes = 8;
    private const string Transport = "udp";

    // What a run takes besides its warm-up and window, measured: processes start, the ring forms, everybody leaves.
    private const double RunOverhead = 1.2;
    private const double NodeOverhead = 0.22;

    private static readonly double[] LoadShares = [0.1, 0.4, 0.7, 0.9];
    private static readonly string[] LoadEngines = [EngineSpec.Totem, Targets.Corosync];

    private readonly double _seconds = isQuick ? 1 : 2;
    private readonly double _warmUp = isQuick ? 0.5 : 1.5;

    /// <summary>All parts, in their order.</summary>
    public IReadOnlyList<PlanPart> Parts => [.. ClosedLoops(), .. Throughput(), .. Queue(), .. Curves()];

    private int Runs(int runs) => isQuick ? 1 : runs;

    private IEnumerable<PlanPart> ClosedLoops()
    {
        string[] engines = [EngineSpec.Totem, Targets.Corosync, Targets.TokenLimit];
        yield return Part("closed-3", TableRuns, Of(Targets.Closed(3), engines), Of(Targets.Closed(3) with { Guarantee = "safe" }, EngineSpec.Totem));
        if (!isQuick)
            yield return Part("closed-5", TableRuns, Of(Targets.Closed(5), engines));
        yield return Part("closed-14", TableRuns, Of(Targets.Closed(Targets.MaxNodes), engines));
        yield return Part(
            "idle-14", TableRuns,
            Of(Targets.AfterIdle, EngineSpec.Totem) with { Seconds = IdleSeconds },
            Of(new RingCase(Targets.MaxNodes, 64, "idle", 1), EngineSpec.Totem) with { Seconds = isQuick ? 2 * _seconds : IdleSeconds });
        yield return Part("busy-2", TableRuns, Of(Targets.Closed(2) with { IsBusyPolling = true }, EngineSpec.Totem, Targets.BusyTokenLimit));
    }

    private IEnumerable<PlanPart> Throughput()
    {
        string[] engines = [EngineSpec.Totem, Targets.Corosync, Targets.FanOutLimit];
        yield return Part("saturation-64-3", TableRuns, Of(Targets.Saturation(3, 64), EngineSpec.Totem, Targets.Corosync));
        yield return Part("saturation-1350-3", TableRuns, Of(Targets.Saturation(3, CurveSize), engines));
        if (!isQuick)
            yield return Part("saturation-1350-5", TableRuns, Of(Targets.Saturation(5, CurveSize), engines));
        yield return Part("one-65536", TableRuns, Of(Targets.OneSender(65536), engines));
        yield return Part("one-1000000", TableRuns, Of(Targets.OneSender(Targets.LargestSize), engines));
        // Once, since it is long; that it ends, and with whom, is all it says.
        yield return Part("soak-14", 1, Of(Targets.Saturation(Targets.MaxNodes, CurveSize), EngineSpec.Totem) with { Seconds = isQuick ? 5 : Targets.SoakSeconds });
    }

    private IEnumerable<PlanPart> Queue()
    {
        foreach (var load in (LoadKind[])[LoadKind.Closed, LoadKind.Saturation])
        {
            var plan = RingPlan.OfQueue(new LoadShape(load, 0), NodesOfTable, 64, _seconds, _warmUp, 1);
            yield return Part($"queue-{plan.Load}", isQuick ? 1 : QueueRuns, plan);
        }
    }

    private IEnumerable<PlanPart> Curves()
    {
        var runs = isQuick ? 1 : CurveRuns;
        foreach (var share in isQuick ? [0.25, 0.8] : LoadShares)
        {
            foreach (var engine in LoadEngines)
                yield return LoadPart(engine, share);
        }

        string[] engines = [EngineSpec.Totem, Targets.Corosync];
        foreach (var size in isQuick ? [CurveSize] : (int[])[64, CurveSize, 8192])
            yield return Part(string.Create(CultureInfo.InvariantCulture, $"one-{size}"), runs, Of(Targets.OneSender(size), [.. engines, Targets.FanOutLimit]));
        foreach (var nodes in isQuick ? [2] : (int[])[2, 8])
        {
            yield return Part($"growth-{nodes}", runs,
                Of(Targets.Closed(nodes), [.. engines, Targets.TokenLimit]), Of(Targets.Saturation(nodes, CurveSize), [.. engines, Targets.FanOutLimit]));
        }

        if (!isQuick)
            yield return Part("growth-14", 1, Of(Targets.Saturation(Targets.MaxNodes, CurveSize), [.. engines, Targets.FanOutLimit]));
    }

    // Offered loads up to nearly what an engine can take, each at every engine that can take it: at common loads they are compared, and beyond
    // the slower one's the faster one goes on alone.
    private PlanPart LoadPart(string engine, double share)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"load-{engine}-{share}");
        var seconds = isQuick ? _seconds : LoadSeconds;
        return new PlanPart(key, 1, PlansFor, LoadEngines.Length * Seconds(NodesOfTable, _warmUp + seconds));

        IReadOnlyList<RingPlan> PlansFor(Measurements measured)
        {
            if (MostOf(engine, measured) is not { } most)
                return [];
            var rate = Round(share * most);
            string[] able = [.. LoadEngines.Where(x => x == engine || LoadShares[^1] * MostOf(x, measured) >= rate)];
            var load = string.Create(CultureInfo.InvariantCulture, $"rate:{rate}");
            return [Of(new RingCase(NodesOfTable, CurveSize, load, NodesOfTable), able) with { Seconds = seconds }];
        }
    }

    private static double? MostOf(string engine, Measurements measured) => Spread.Of(
        new Figure(Targets.Saturation(NodesOfTable, CurveSize), engine, Figure.Rate).Values(measured).OfType<double>())?.Median;

    private PlanPart Part(string key, int runs, params IReadOnlyList<RingPlan> plans)
        => new(key, Runs(runs), _ => plans, Runs(runs) * plans.Sum(x => x.Engines.Count * Seconds(x.Nodes, x.WarmUpSeconds + x.Seconds)));

    private static double Seconds(int nodes, double load) => RunOverhead + nodes * NodeOverhead + load;

    private RingPlan Of(RingCase which, params IReadOnlyList<string> engines) => new(
        [.. engines.Select(EngineSpec.Parse)], which.Nodes, which.Size ?? CurveSize, which.Guarantee == "safe",
        LoadShape.TryParse(which.Load, out var load) ? load : throw new InvalidOperationException(which.Load), which.Senders ?? which.Nodes,
        _seconds, isQuick || which.Nodes < LargeNodes ? _warmUp : LargeWarmUp, 1, Transport, which.Api, which.IsBusyPolling);

    // Two digits: loads are labels too.
    private static double Round(double rate)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(rate)) - 1);
        return Math.Round(rate / unit) * unit;
    }
}
