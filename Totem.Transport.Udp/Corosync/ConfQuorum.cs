using Totem.Core.Groups;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// The <c>quorum</c> section, as far as it concerns real daemons on the ring: whether our vote counts in their votequorum, and what we
/// say the sum of all votes is (wire.md section 14.4). We have no quorum of our own.
/// </summary>
internal static class ConfQuorum
{
    public static GroupOptions Read(
        ConfSection root, List<ConfNode> nodes, ConfNode? local, List<ConfReader> readers, ConfProblems problems)
    {
        var options = new GroupOptions();
        foreach (var section in root.Named("quorum"))
        {
            var reader = new ConfReader(section, problems);
            readers.Add(reader);
            reader.Accept(
                "two_node", "wait_for_all", "last_man_standing", "last_man_standing_window", "auto_tie_breaker",
                "auto_tie_breaker_node", "allow_downscale", "expected_votes_tracking", "votes");
            var expected = reader.Number("expected_votes", 1, ushort.MaxValue) ?? nodes.Sum(node => node.Votes);
            if (reader.OneOf("provider", "corosync_votequorum") is not null && local is not null)
                options = options with { Votes = local.Votes, ExpectedVotes = expected };
        }

        return options;
    }
}
