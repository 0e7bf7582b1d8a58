using System.CommandLine;
using Totem.Cli.Nodes;
using Totem.CommandLine;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cli.Commands;

/// <summary><c>totem group</c>.</summary>
internal sealed class GroupCommand : TotemCommand
{
    /// <summary>Long enough for a ring to form and its members to agree, short enough for a person.</summary>
    private static readonly TimeSpan AgreementLimit = TimeSpan.FromSeconds(30);

    private readonly NodeFlags _flags = new();
    private readonly Argument<string?> _name = new("NAME")
    {
        Description =
            @"The process group to join: 1 to 128 bytes. \xNN is a byte, \\ a backslash: attrd\x00 is Pacemaker's.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _list = new("--list")
    {
        Description = "Instead of joining one, ask the members for every group on the ring and who is in it. Nobody's "
            + "membership changes by it.",
    };

    private readonly Option<uint?> _pid = Ranged.Optional<uint>("--pid", "The number that names this process in the "
        + "group. Default: this process's id.", 0, uint.MaxValue);
    private readonly Option<bool> _safe =
        new("--safe") { Description = "Send lines with safe delivery instead of agreed." };
    private readonly Option<bool> _sendOnly = new("--send-only")
    {
        Description = "Print neither messages nor changes. An output that nobody reads then holds nobody up.",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON event a line." };
    private readonly Option<bool> _verbose =
        new("--verbose") { Description = "Log to the standard error what the protocol does." };

    /// <summary>Creates the command.</summary>
    public GroupCommand() : base(
        "group",
        "Join a closed process group, as programs of corosync's CPG do. Typed lines are multicast to its members; "
            + "messages and\n" +
        "changes of its membership are printed in the one order that all members share.")
    {
        Add(_name);
        _flags.AddTo(this);
        foreach (var option in (ReadOnlySpan<Option>)[_list, _pid, _safe, _sendOnly, _json, _verbose])
            Add(option);
        SetAction(RunAsync);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem group sheepdog", "in two or three terminals of one host"),
        ("totem group sheepdog --config /etc/corosync/corosync.conf", "on a ring with corosync daemons, whose clients "
            + "are members too"),
        ("totem group --list", "who is in which group; a member answers, and notices nothing else"),
        ("echo hello | totem group sheepdog --json", "for programs: sends a line, leaves at the end of the input"),
        ("tail -f events.txt | totem group sheepdog --send-only", "a source of messages that hears nothing"),
    ];

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "left in good order: end of the input, Ctrl-C or SIGTERM; or the list was printed"),
        (ExitCode.CheckFailed, "the member stopped itself, or was told to by another (corosync-cfgtool -k)"),
        (ExitCode.Usage, "wrong arguments or a wrong configuration file"),
        (ExitCode.Environment, "an address cannot be bound, a file cannot be written, the ring sequence is damaged, no "
            + "ring within 30 s"),
    ];

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        var isList = parsed.GetValue(_list);
        var name = isList && parsed.GetValue(_name) is null ? null : NameOf(parsed.GetValue(_name), isList);
        // The node's own events are not looked at here.
        var options = _flags.Read(parsed) with { Receives = false };
        using var signals = new StopSignals();
        using var logs = NodeLog.Open(options, parsed.GetValue(_verbose), parsed.InvocationConfiguration.Error);
        var output = new NodeOutput(parsed.InvocationConfiguration.Output, parsed.GetValue(_json));
        options = options with { LoggerFactory = logs };
        if (name is null)
            return await ListAsync(options, output, parsed.InvocationConfiguration.Error, signals.Token)
                .ConfigureAwait(false);
        var node = await NodeStart.StartAsync(options).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
            await JoinAsync(node, name, parsed, output, signals.Token).ConfigureAwait(false);
        return ExitCode.Ok;
    }

    private static GroupName NameOf(string? text, bool isList)
    {
        if (isList)
            throw new CommandFailedException(ExitCode.Usage, "a group's name beside --list, expected one of the two");
        if (string.IsNullOrEmpty(text))
            throw new CommandFailedException(ExitCode.Usage, "no group, expected its name, or --list");
        try
        {
            return GroupName.Parse(text);
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException)
        {
            throw new CommandFailedException(ExitCode.Usage, FailureText.Of(failure));
        }
    }

    private static async Task<int> ListAsync(
        TotemNodeOptions options, NodeOutput output, TextWriter error, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(AgreementLimit);
        try
        {
            var groups = await GroupInquiry.AskAsync(options, limit.Token).ConfigureAwait(false);
            if (groups is null && options.Transport.Kind != UdpTransportKind.Loopback)
            {
                // Daemons do not answer. On the loopback there are none.
                await error.WriteLineAsync("totem: no member answers who is in which group; joining the ring for a "
                    + "moment").ConfigureAwait(false);
                groups = await JoinToListAsync(options, limit.Token).ConfigureAwait(false);
            }

            foreach (var (group, members) in groups ?? [])
                output.Write(GroupListed.From(group, members, DateTimeOffset.UtcNow));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.Environment, $"no ring within {AgreementLimit.TotalSeconds} s");
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }

        return ExitCode.Ok;
    }

    private static async Task<IReadOnlyList<GroupRoster>> JoinToListAsync(
        TotemNodeOptions options, CancellationToken limit)
    {
        var node = await NodeStart.StartAsync(options).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            await node.WaitSynchronizedAsync(limit).ConfigureAwait(false);
            return await node.GetGroupsAsync(limit).ConfigureAwait(false);
        }
    }

    private async Task JoinAsync(
        TotemNode node, GroupName name, ParseResult parsed, NodeOutput output, CancellationToken stop)
    {
        output.Write(new NodeStarted(DateTimeOffset.UtcNow, node.Id.Value, Environment.ProcessId));
        var isSendOnly = parsed.GetValue(_sendOnly);
        TotemGroup group;
        try
        {
            var join = new GroupJoinOptions { Pid = parsed.GetValue(_pid), Receives = !isSendOnly };
            group = await node.JoinAsync(name, join, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await using (group.ConfigureAwait(false))
        {
            var session = new GroupSession(
                group, output, parsed.InvocationConfiguration.Error,
                parsed.GetValue(_safe) ? Guarantee.Safe : Guarantee.Agreed, isSendOnly);
            await session.RunAsync(LineSource.Read(Console.In), stop).ConfigureAwait(false);
        }

        output.Write(new NodeLeft(DateTimeOffset.UtcNow));
    }
}
