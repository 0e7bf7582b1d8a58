using Totem.Bench.Limits;
using Totem.Bench.Load;
using Totem.Bench.Peers;
using Totem.Bench.Processes;
using Totem.Bench.Results;

namespace Totem.Bench.Ring;

/// <summary>All runs of a command: engines alternate, in one network.</summary>
internal sealed class RingBench(RingPlan plan, string net, TextWriter progress)
{
    /// <summary>Variables of the runtime's compiler and collector, which change what is measured. Others are of the
    /// command <c>dotnet</c>.</summary>
    private static readonly string[] RuntimeVariables =
        ["DOTNET_Tiered", "DOTNET_TC_", "DOTNET_ReadyToRun", "DOTNET_gc"];

    /// <summary>Runs them.</summary>
    public async Task<BenchReport> RunAsync(CancellationToken cancellationToken)
    {
        var at = DateTimeOffset.UtcNow;
        var machine = MachineFacts.Read();
        if (plan.Engines.Any(x => x.HasDaemonAt(1)))
            CorosyncCluster.Require();
        var results = plan.Engines.Select(_ => new List<RunResult>()).ToArray();
        using var folder = new RunFolder();
        var limits = plan.Engines.Any(x => x.Kind == EngineKind.Limit) ? LimitProgram.Compile(folder.FullName) : null;
        using var network = BenchNetworks.Create(net, plan.Nodes);
        for (var run = 1; run <= plan.Runs; run++)
        {
            for (var i = 0; i < plan.Engines.Count; i++)
                results[i].Add(await RunAsync(plan.Engines[i], run, network, folder, limits, cancellationToken)
                    .ConfigureAwait(false));
        }

        return new BenchReport(
            at, machine, MethodOf(network), [.. plan.Engines.Select((x, i) => new EngineResult(x.Text, results[i]))]);
    }

    /// <summary>Whether ours ended well in every run, and nobody's order differed. That corosync
    /// fails is a result.</summary>
    public static bool Holds(
        IReadOnlyList<EngineSpec> engines, IReadOnlyList<EngineResult> results, bool hasMessages = true)
        => engines.Zip(results).All(pair => pair.Second.Runs.All(
            run => run.Failure is null ? run.IsOrderEqual && (run.Messages > 0 || !hasMessages)
                : pair.First.Kind is not (EngineKind.Totem or EngineKind.LibCpg)));

    private async Task<RunResult> RunAsync(
        EngineSpec engine, int run, IBenchNetwork network, RunFolder folder, string? limits,
        CancellationToken cancellationToken)
    {
        var own = folder.ForRun();
        try
        {
            var result = await new RingRun(plan, network, own.FullName, limits).RunAsync(engine, cancellationToken)
                .ConfigureAwait(false);
            await progress.WriteLineAsync(
                $"run {run} {engine.Text}: {result.MessagesPerSecond:0} msg/s, {result.MegabytesPerSecond:0.0} MB/s, "
                + $"p50 {result.AtSender?.P50:0} us, "
                + $"p99 {result.AtSender?.P99:0} us{(result.IsOrderEqual ? "" : ", ORDER DIFFERS")}")
                .ConfigureAwait(false);
            return result;
        }
        catch (RunFailedException failure)
        {
            await progress.WriteLineAsync($"run {run} {engine.Text}: {failure.Message}").ConfigureAwait(false);
            return new RunResult { Failure = failure.Message };
        }
        finally
        {
            own.Delete(recursive: true);
        }
    }

    private MethodFacts MethodOf(IBenchNetwork network) => new(
        plan.Nodes, plan.Size, plan.IsSafe ? "safe" : "agreed", plan.Load.ToString(), plan.Senders, plan.Seconds,
        plan.WarmUpSeconds, plan.Runs,
        network.Name, plan.Transport, plan.Api, plan.IsBusyPolling, LoadReceiver.SampleEvery(plan.Load.Kind),
        LoadSender.OutstandingBytesMax,
        RuntimeSettings());

    private string RuntimeSettings()
    {
        if (plan.NodesDirectory is not null)
            return "nodes are native code (Native AOT, concurrent workstation collector); "
                + $"{EngineSpec.Totem}@{EngineSpec.ThisProgram}: compiled while it runs, with .NET's defaults";
        var set = Environment.GetEnvironmentVariables().Keys.OfType<string>()
            .Where(x => RuntimeVariables.Any(start => x.StartsWith(start, StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal)
            .Select(x => $"{x}={Environment.GetEnvironmentVariable(x)}");
        return string.Join(' ', (string[])["defaults of .NET: tiered compilation with PGO, concurrent workstation "
            + "collector;", .. set]).TrimEnd(';');
    }
}
