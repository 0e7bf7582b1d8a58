using System.CommandLine;
using Totem.Cli.Operation;
using Totem.CommandLine;

namespace Totem.Cli.Commands;

/// <summary>A command that asks the members of this host, and changes nothing.</summary>
internal abstract class MemberCommand : TotemCommand
{
    private readonly Option<string?> _directory = new("--dir")
    {
        Description = "Where the members have their sockets. Default: TOTEM_RUN_DIR, else /run/totem for root, "
            + "who sees "
            + "other users' too, and $XDG_RUNTIME_DIR/totem for others.",
        HelpName = "DIR",
    };

    private readonly Option<uint?> _node = Ranged.Optional<uint>(
        "--node", "Ask this member only. Default: every member of this host.", 1, uint.MaxValue);

    private readonly Option<bool> _json =
        new("--json") { Description = "Print the members' answers, an object a line." };

    protected MemberCommand(string name, string description) : base(name, description)
    {
        Add(_directory);
        Add(_node);
        Add(_json);
        SetAction(RunAsync);
    }

    /// <inheritdoc />
    public override IReadOnlyList<(int Code, string Means)> ExitCodes =>
    [
        (ExitCode.Ok, "every member that was asked is healthy"),
        (ExitCode.CheckFailed, "a member is degraded, or does not answer"),
        (ExitCode.Usage, "wrong arguments"),
        (ExitCode.Environment, "the directory cannot be read"),
        (ExitCode.NoMember, "no member runs on this host"),
    ];

    /// <summary>The question to each member, besides that for its status.</summary>
    protected abstract string Request { get; }

    /// <summary>Prints what one member answered.</summary>
    protected abstract void Print(FoundMember member, TextWriter output);

    /// <summary>The answers for people; one after the other unless a command knows better.</summary>
    protected virtual void PrintAll(IReadOnlyList<FoundMember> members, TextWriter output)
    {
        for (var i = 0; i < members.Count; i++)
        {
            if (i > 0)
                output.WriteLine();
            Print(members[i], output);
        }
    }

    protected MemberFinder Finder(ParseResult parsed) => new(parsed.GetValue(_directory), parsed.GetValue(_node));

    protected bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    protected virtual async Task<int> RunAsync(ParseResult parsed, CancellationToken _)
    {
        using var signals = new StopSignals();
        var finder = Finder(parsed);
        var members = await finder.AskAsync(Request, signals.Token).ConfigureAwait(false);
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        foreach (var silent in members.Where(x => x.Failure is not null))
            await error.WriteLineAsync($"totem: {PlainText.Safe(silent.Failure!)}").ConfigureAwait(false);
        if (members.Count == 0)
        {
            await error.WriteLineAsync($"totem: {finder.Nobody}").ConfigureAwait(false);
            return ExitCode.NoMember;
        }

        var answers = members.Where(x => x.Status is not null).ToList();
        if (IsJson(parsed))
        {
            foreach (var member in answers)
                await output.WriteLineAsync(member.Answer).ConfigureAwait(false);
        }
        else
        {
            PrintAll(answers, output);
        }

        return members.All(x => x.Status is { Health: MemberHealth.Healthy }) ? ExitCode.Ok : ExitCode.CheckFailed;
    }
}
