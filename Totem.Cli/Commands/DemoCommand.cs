using System.CommandLine;
using System.Text.Json;
using Totem.Cli.Demos;
using Totem.Cli.Output;
using Totem.Cli.Workers;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary><c>totem demo</c>.</summary>
internal sealed class DemoCommand : TotemCommand
{
    private const int NodesMin = 2;
    private const int MaxNodes = 14;
    private const int MessagesMax = 1_000_000;

    private readonly Option<int> _nodes = Ranged.Number("--nodes", "How many processes.", 3, NodesMin, MaxNodes);
    private readonly Option<int> _messages =
        Ranged.Number("--messages", "Messages that each process multicasts.", 1000, 2, MessagesMax);
    private readonly Option<bool> _json =
        new("--json") { Description = "Print the report as one JSON object, and no progress." };
    private readonly Option<string?> _keep =
        new("--keep") { Description = "Keep the traces, in this directory.", HelpName = "DIR" };
    private readonly Option<int?> _port = Ranged.Optional("--port", "First of the UDP ports on 127.0.0.1; free ones "
        + "are chosen when not given.", 1024, 65_000);

    /// <summary>Creates the command.</summary>
    public DemoCommand() : base(
        "demo",
        "Start real processes that form a ring over loopback UDP, multicast in total order, lose one of them to "
            + "SIGKILL under\n" +
        "load and take it back; then check their traces against every rule of extended virtual synchrony.")
    {
        Add(_nodes);
        Add(_messages);
        Add(_json);
        Add(_keep);
        Add(_port);
        SetAction(RunAsync);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem demo", "three processes"),
        ("totem demo --nodes 14 --messages 200", "the largest supported ring"),
        ("totem demo --keep traces", "keep the traces; `totem check traces/*.trace` reads them again"),
        ("totem demo --json | jq .times", "the times as JSON"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "everything held"),
        (ExitCode.CheckFailed, "a rule was broken, or a step did not happen in time"),
        (ExitCode.Usage, "wrong arguments"),
        (ExitCode.Environment, "no free ports, or a process could not be started"),
        (ExitCode.Interrupted, "stopped by Ctrl-C or SIGTERM"),
    ];

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var keep = parsed.GetValue(_keep);
        if (keep is not null && string.IsNullOrWhiteSpace(keep))
            throw new CommandFailedException(ExitCode.Usage, "--keep is empty, expected a directory");
        // A name that nobody can foresee and make first.
        var directory = keep ?? Directory.CreateTempSubdirectory("totem-demo-").FullName;
        using var signals = new StopSignals();
        try
        {
            return await RunAsync(parsed, directory, keep is not null, signals.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (WorkerClusterException failure)
        {
            throw new CommandFailedException(ExitCode.CheckFailed, failure.Message);
        }
        finally
        {
            if (keep is null && Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }

    private async Task<int> RunAsync(
        ParseResult parsed, string directory, bool isKept, CancellationToken cancellationToken)
    {
        var configuration = parsed.InvocationConfiguration;
        var isJson = parsed.GetValue(_json);
        using var ports = parsed.GetValue(_port) is null ? PortBlock.Take() : null;
        var plan = new DemoPlan(
            parsed.GetValue(_nodes), parsed.GetValue(_messages), directory, parsed.GetValue(_port) ?? ports!.BasePort);
        DemoReport report;
        using (var progress = ProgressLine.For(configuration.Error, isSilent: isJson))
            report = await CreateDemo(plan, progress, isKept).RunAsync(cancellationToken).ConfigureAwait(false);
        report = report with { Traces = isKept ? Path.GetFullPath(directory) : null };

        if (isJson)
            await configuration.Output.WriteLineAsync(
                JsonSerializer.Serialize(report, DemoReportJson.Default.DemoReport)).ConfigureAwait(false);
        else
            DemoTable.Write(report, configuration.Output);
        return report.Holds ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static Demo CreateDemo(DemoPlan plan, ProgressLine progress, bool isKept)
    {
        try
        {
            return new Demo(plan, progress);
        }
        catch (Exception failure) when (isKept && failure is (IOException or UnauthorizedAccessException))
        {
            throw new CommandFailedException(ExitCode.Environment, $"--keep {plan.Directory}: {failure.Message}");
        }
    }
}
