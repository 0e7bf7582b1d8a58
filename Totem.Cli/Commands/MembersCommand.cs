using Totem.Cli.Operation;
using Totem.Cli.Output;

namespace Totem.Cli.Commands;

/// <summary><c>totem members</c>.</summary>
internal sealed class MembersCommand() : MemberCommand(
    "members", "Show the members of the rings that members of this host are on, and when each was heard last.")
{
    /// <inheritdoc />
    public override IReadOnlyList<(string CommandLine, string Does)> Examples =>
        [("totem members --node 1", "as member 1 sees them")];

    protected override string Request => "members";

    protected override void Print(FoundMember member, TextWriter output)
    {
        var status = member.Status!;
        output.WriteLine($"node {status.Node}, ring {status.Ring?.ToString() ?? "none yet"}");
        var table = new TextTable(">node", "address", "on the ring", "heard");
        foreach (var peer in status.Peers)
        {
            table.Add(peer.Node.ToString(), PlainText.Safe(peer.Address), peer.IsMember ? "yes" : "no",
                peer.Node == status.Node ? "this one"
                    : peer.LastHeard is { } ago ? $"{PlainText.Span(ago)} ago" : "never");
        }

        output.Write(table);
    }
}
