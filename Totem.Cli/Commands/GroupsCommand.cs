using Totem.Cli.Operation;

namespace Totem.Cli.Commands;

/// <summary><c>totem groups</c>.</summary>
internal sealed class GroupsCommand() : MemberCommand(
    "groups", "Show every process group of the rings that members of this host are on, and its processes as NODE/PID.")
{
    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
    [
        ("totem groups", "once for each ring"),
        ("totem groups --json | jq '.groups[].name'", "for programs"),
    ];

    protected override string Request => "groups";

    /// <summary>Members of one ring know the same groups.</summary>
    protected override void PrintAll(IReadOnlyList<FoundMember> members, TextWriter output) =>
        base.PrintAll([.. members.DistinctBy(x => (x.Status!.Cluster, x.Status.Ring))], output);

    protected override void Print(FoundMember member, TextWriter output)
    {
        var status = member.Status!;
        output.WriteLine($"ring {status.Ring?.ToString() ?? "none yet"}, by node {status.Node}"
            + (status.IsSynchronized ? "" : "; its members do not agree yet"));
        if (status.Groups is not { } groups)
            output.WriteLine("  the ring's thread does not say");
        else if (groups.Count == 0)
            output.WriteLine("  no group");
        foreach (var group in status.Groups ?? [])
            output.WriteLine($"  {StatusText.Group(group)}");
    }
}
