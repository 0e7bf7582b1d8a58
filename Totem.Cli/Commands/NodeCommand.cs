using System.CommandLine;
using Totem.Cli.Nodes;
using Totem.Cli.Output;
using Totem.Cli.Traces;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary><c>totem node</c>.</summary>
internal sealed class NodeCommand : TotemCommand
{
    private readonly NodeFlags _flags = new();
    private readonly Option<bool> _safe =
        new("--safe") { Description = "Send lines with safe delivery instead of agreed." };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON event a line." };
    private readonly Option<string?> _trace = new("--trace")
    {
        Description = "Write what happens to this file, for `totem check`. Give it to every member.",
        HelpName = "FILE",
    };

    private readonly Option<int> _life = Ranged.Number(
        "--life", "With --trace: which start of this member it is, counted by you.", 1, 1, 1_000_000);

    private readonly Option<bool> _verbose =
        new("--verbose") { Description = "Log to the standard error what the protocol does." };

    /// <summary>Creates the command.</summary>
    public NodeCommand() : base(
        "node",
        "Run one member. Typed lines are multicast; messages and configuration changes are printed in the one order "
            + "that all\n" +
        "members share. Without flags, processes of this host find each other.")
    {
        _flags.AddTo(this);
        foreach (var option in (ReadOnlySpan<Option>)[_safe, _json, _trace, _life, _verbose])
            Add(option);
        SetAction(RunAsync);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem node", "in two or three terminals of one host"),
        ("totem node --id 1 --bind 10.0.0.1 --peer 2=10.0.0.2 --key ring.key", "on the first of two hosts, encrypted"),
        ("totem node --config /etc/corosync/corosync.conf", "as corosync would"),
        ("echo hello | totem node --json", "for programs: sends a line, leaves at the end of the input"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "left in good order: end of the input, Ctrl-C or SIGTERM"),
        (ExitCode.CheckFailed, "the member stopped itself: its engine met what must not be"),
        (ExitCode.Usage, "wrong arguments or a wrong configuration file"),
        (ExitCode.Environment, "an address cannot be bound, a file cannot be written, the ring sequence is damaged"),
    ];

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var options = _flags.Read(parsed);
        using var signals = new StopSignals();
        using var logs = NodeLog.Open(options, parsed.GetValue(_verbose), parsed.InvocationConfiguration.Error);
        using var trace = parsed.GetValue(_trace) is { } path
            ? TraceRecorder.Create(path, parsed.GetValue(_life), TextMessage.TryParse)
            : null;
        var output = new NodeOutput(parsed.InvocationConfiguration.Output, parsed.GetValue(_json));

        var node = await NodeStart.StartAsync(options with { LoggerFactory = logs, Observer = trace })
            .ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            trace?.Start(node.Id);
            output.Write(new NodeStarted(DateTimeOffset.UtcNow, node.Id.Value, Environment.ProcessId));
            var guarantee = parsed.GetValue(_safe) ? Guarantee.Safe : Guarantee.Agreed;
            var session = new NodeSession(
                node, output, parsed.InvocationConfiguration.Error, trace, parsed.GetValue(_life), guarantee);
            await session.RunAsync(LineSource.Read(Console.In), signals.Token).ConfigureAwait(false);
        }

        trace?.End(asFailure: true);
        output.Write(new NodeLeft(DateTimeOffset.UtcNow));
        return ExitCode.Ok;
    }
}
