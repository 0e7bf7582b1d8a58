using System.Diagnostics;
using Totem.Bench.Micro;
using Totem.Bench.Processes;
using Totem.Bench.Readers;
using Totem.Bench.Results;
using Totem.Bench.Ring;

namespace Totem.Bench.Report;

/// <summary>Measures what of the plan is not in the file yet, and puts each part there when it is finished.</summary>
/// <param name="plan">The plan.</param>
/// <param name="isQuick">Every kind of case once.</param>
/// <param name="wanted">Only these parts; null for all.</param>
/// <param name="file">Where parts are kept.</param>
/// <param name="before">The content of that file.</param>
/// <param name="progress">For whoever waits.</param>
internal sealed class AllRun(
    AllPlan plan, bool isQuick, IReadOnlySet<string>? wanted, string file, Measurements before, TextWriter progress)
{
    /// <summary>The key of the slow and stopped readers.</summary>
    public const string Readers = "readers";

    /// <summary>The key of the single operations.</summary>
    public const string Micro = "micro";

    private const double MicroEstimate = 60;
    private const double QuickMicroEstimate = 12;
    private const string QuickFilter = "VisitBenchmarks.*";

    private readonly Stopwatch _time = Stopwatch.StartNew();
    private Measurements _measured = before;
    private double _left;
    private double _done;

    /// <summary>Measures.</summary>
    public async Task<Measurements> RunAsync(CancellationToken cancellationToken)
    {
        var micro = isQuick ? QuickMicroEstimate : MicroEstimate;
        var readers = ReaderPlan.OfReport(isQuick);
        var parts = plan.Parts.Where(x => Wants(x.Key) && _measured.Parts.All(part => part.Key != x.Key)).ToArray();
        var (hasReaders, hasMicro) =
            (Wants(Readers) && _measured.Readers is null, Wants(Micro) && _measured.Micro.Count == 0);
        _left = parts.Sum(x => x.Estimate) + (hasMicro ? micro : 0) + (hasReaders ? readers.Estimate : 0);
        for (var i = 0; i < parts.Length; i++)
        {
            await SayAsync($"part {i + 1} of {parts.Length}, {parts[i].Key}").ConfigureAwait(false);
            var reports = await MeasureAsync(parts[i], cancellationToken).ConfigureAwait(false);
            Keep(_measured with { Parts = [.. _measured.Parts, new MeasuredPart(parts[i].Key, reports)] },
                parts[i].Estimate);
        }

        if (hasReaders)
        {
            await SayAsync("slow and stopped readers").ConfigureAwait(false);
            var report = await new ReaderBench(readers, BenchNetworks.Default, progress).RunAsync(cancellationToken)
                .ConfigureAwait(false);
            Keep(_measured with { Readers = [report] }, readers.Estimate);
        }

        if (hasMicro)
        {
            await SayAsync("single operations").ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            var report = await Task.Run(() => MicroBench.Run(isQuick ? [QuickFilter] : ["*"], isSmoke: false,
                TextWriter.Null), cancellationToken).ConfigureAwait(false);
            Keep(_measured with { Micro = [report] }, micro);
        }

        return _measured;
    }

    private bool Wants(string key) => wanted is null || wanted.Contains(key);

    private async Task<IReadOnlyList<BenchReport>> MeasureAsync(PlanPart part, CancellationToken cancellationToken)
    {
        var plans = part.PlansFor(_measured);
        if (plans is [var only])
            return [await new RingBench(only with { Runs = part.Runs }, BenchNetworks.Default, progress)
                .RunAsync(cancellationToken).ConfigureAwait(false)];
        var reports = new BenchReport[plans.Count];
        for (var run = 0; run < part.Runs; run++)
        {
            for (var i = 0; i < plans.Count; i++)
            {
                var report = await new RingBench(plans[i], BenchNetworks.Default, progress).RunAsync(cancellationToken)
                    .ConfigureAwait(false);
                reports[i] = run == 0 ? report : Joined(reports[i], report);
            }
        }

        return reports;
    }

    // Runs of one case that others stood between.
    private static BenchReport Joined(BenchReport first, BenchReport next) => first with
    {
        Method = first.Method with { Runs = first.Method.Runs + next.Method.Runs },
        Engines = [.. first.Engines.Zip(next.Engines, (x, y) => x with { Runs = [.. x.Runs, .. y.Runs] })],
    };

    private void Keep(Measurements measured, double estimate)
    {
        _measured = measured;
        _measured.Save(file);
        _left -= estimate;
        _done += estimate;
    }

    private Task SayAsync(string what)
    {
        // The estimates are right in proportion: what was finished says how fast this machine is.
        var factor = _done > 0 ? _time.Elapsed.TotalSeconds / _done : 1;
        return progress.WriteLineAsync($"{_time.Elapsed:h\\:mm\\:ss} {what}; about "
            + $"{TimeSpan.FromSeconds(_left * factor):h\\:mm\\:ss} left");
    }
}
