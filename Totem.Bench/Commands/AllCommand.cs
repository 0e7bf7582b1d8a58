using System.CommandLine;
using Totem.Bench.Commands;
using Totem.Bench.Peers;
using Totem.Bench.Processes;
using Totem.Bench.Report;
using Totem.CommandLine;

namespace Totem.Bench.Commands;

/// <summary><c>all</c>: the whole plan and its report.</summary>
internal sealed class AllCommand : Command
{
    private const string DefaultFile = "out/performance.json";

    private readonly Option<string> _out = ReportCommand.NewOut();
    private readonly Option<bool> _quick = new("--quick") { Description = "Every kind of case once, in about 5 "
        + "minutes: to see that it works, not to be quoted." };
    private readonly Option<string> _nodesAs = BenchFlags.NodesAs("native");
    private readonly Option<string[]> _part = new("--part")
    {
        Description = "Only these parts, by their keys as progress names them; readers, micro: the two at the end. "
            + "Repeated, or a list with commas. "
            + "All else in the file of --resume stays in the report.",
        HelpName = "KEY,...",
    };

    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Goes on with the parts that this file has, and keeps new ones there. Without it all begins "
            + $"anew, and parts are kept in {DefaultFile}.",
        HelpName = "FILE",
    };

    /// <summary>Creates the command.</summary>
    public AllCommand() : base(
        "all",
        "Measures everything the report has, in about 80 minutes, and writes it: each row of the table of targets in 5 "
        + "alternating runs,\n"
        + "and the curves in fewer. Needs root, corosync, gcc, ZooKeeper and our libcpg (make -C Totem.Cpg), and a "
        + "machine that does nothing else. May be stopped\n"
        + "and gone on with; progress goes to the standard error.")
    {
        Add(_quick);
        Add(_nodesAs);
        Add(_out);
        Add(_resume);
        Add(_part);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var error = parsed.InvocationConfiguration.Error;
        if (BenchNetworks.Default != BenchNetworks.Namespaces)
            throw new CommandFailedException(
                ExitCode.Usage, "all needs Linux and root: peers and limits are measured in network namespaces");
        CorosyncCluster.Require();
        ZooKeeperServer.Require();
        var resumed = parsed.GetValue(_resume);
        var file = resumed ?? DefaultFile;
        var before = resumed is not null && File.Exists(resumed) ? Measurements.Read([resumed]) : Measurements.None;
        var isQuick = parsed.GetValue(_quick);
        using var signals = new StopSignals();
        try
        {
            var plan = new AllPlan(isQuick, BenchFlags.DirectoryOf(parsed.GetValue(_nodesAs)!, error));
            var measured = await new AllRun(plan, isQuick, Wanted(parsed, plan), file, before, error)
                .RunAsync(signals.Token).ConfigureAwait(false);
            ReportFiles.Write(measured, parsed.GetValue(_out)!);
            return Holds(measured) ? ExitCode.Ok : ExitCode.CheckFailed;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync($"bench: go on with --resume {file}").ConfigureAwait(false);
            throw;
        }
    }

    // Null for all of them.
    private HashSet<string>? Wanted(ParseResult parsed, AllPlan plan)
    {
        var keys = (parsed.GetValue(_part) ?? []).SelectMany(x => x.Split(',', StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet(StringComparer.Ordinal);
        string[] known = [.. plan.Parts.Select(x => x.Key), AllRun.Readers, AllRun.Micro];
        foreach (var key in keys.Where(x => !known.Contains(x, StringComparer.Ordinal)))
            throw new CommandFailedException(
                ExitCode.Usage, $"--part is '{key}', expected some of {string.Join(", ", known)}");
        return keys.Count == 0 ? null : keys;
    }

    // That a run of somebody else comes to nothing is a result; that ours does is in the report, and in the exit code.
    private static bool Holds(Measurements measured) =>
        measured.Reports.SelectMany(x => x.Engines).All(engine => engine.Runs.All(
        run => run.Failure is null ? run.IsOrderEqual : engine.Engine != EngineSpec.Totem));
}
