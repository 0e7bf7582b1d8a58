using System.Globalization;
using Totem.Bench.Processes;
using Totem.Bench.Results;

namespace Totem.Bench.Readers;

/// <summary>All rings of a command, one after the other in one network.</summary>
internal sealed class ReaderBench(ReaderPlan plan, string net, TextWriter progress)
{
    /// <summary>Runs them.</summary>
    public async Task<ReaderReport> RunAsync(CancellationToken cancellationToken)
    {
        var at = DateTimeOffset.UtcNow;
        var machine = MachineFacts.Read();
        var results = new List<ReaderResult>();
        using var folder = new RunFolder();
        using var network = BenchNetworks.Create(net, plan.Nodes);
        for (var run = 1; run <= plan.Runs; run++)
        {
            var absent = 0.0;
            foreach (var which in plan.Cases)
            {
                var measured = await RunAsync(which, run, absent, network, folder, cancellationToken)
                    .ConfigureAwait(false);
                results.AddRange(measured);
                if (which.Kind == ReaderKind.Absent)
                    absent = measured[0].OthersPerSecond;
            }
        }

        return new ReaderReport(
            at, machine, plan.Nodes, plan.Size, plan.Rate, plan.PauseSeconds, plan.Seconds, plan.WarmUpSeconds,
            network.Name, plan.Transport, results);
    }

    /// <summary>The name of a case.</summary>
    public static string NameOf(ReaderCase which, ReaderPlan? plan = null) => which.Kind switch
    {
        ReaderKind.Absent => "is absent",
        ReaderKind.Whole => "reads all",
        ReaderKind.Slow => string.Create(CultureInfo.InvariantCulture, $"reads {which.Share * 100:0} %"),
        _ => string.Create(CultureInfo.InvariantCulture, $"pauses for {plan?.PauseSeconds} s"),
    };

    private async Task<IReadOnlyList<ReaderResult>> RunAsync(
        ReaderCase which, int run, double absent, IBenchNetwork network, RunFolder folder,
        CancellationToken cancellationToken)
    {
        var own = folder.ForRun();
        try
        {
            var results = await new ReaderRun(plan, which, run, absent, network, own.FullName)
                .RunAsync(cancellationToken).ConfigureAwait(false);
            foreach (var result in results)
            {
                await progress.WriteLineAsync(
                    $"run {run}, {result.Reader}: the others {result.OthersPerSecond:0} msg/s, {result.Changes} "
                        + $"changes{(result.IsOut ? ", it is out" : "")}")
                    .ConfigureAwait(false);
            }

            return results;
        }
        catch (RunFailedException failure)
        {
            await progress.WriteLineAsync($"run {run}, {NameOf(which, plan)}: {failure.Message}").ConfigureAwait(false);
            return [new ReaderResult { Run = run, Reader = NameOf(which, plan), Failure = failure.Message }];
        }
        finally
        {
            own.Delete(recursive: true);
        }
    }
}
