using Totem.Cli.Operation;

namespace Totem.Cli.Commands;

/// <summary><c>totem status</c>.</summary>
internal sealed class StatusCommand() : MemberCommand(
    "status", "Show the members that run on this host, of whatever program: who and where they are, with whom, since "
        + "when, how\n"
        + "fast, and whether somebody should look. Nothing changes by it.")
{
    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem status", "every member of this host"),
        ("totem status --json | jq .health", "for programs"),
        ("totem status >/dev/null || alert", "for a monitor"),
    ];

    protected override string Request => "status";

    protected override void Print(FoundMember member, TextWriter output)
    {
        foreach (var line in StatusText.Of(member.Status!))
            output.WriteLine(line);
    }
}
