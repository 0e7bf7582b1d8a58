namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// The <c>quorum</c> section, as far as it concerns real daemons on the ring: whether our vote counts in their
/// votequorum, and what we say the sum of all votes is (WIRE §14.4). We have no quorum of our own.
/// </summary>
internal static class ConfQuorum
{
    private const string VoteQuorum = "corosync_votequorum";

    public static GroupOptions Read(ConfMap map, List<ConfNode> nodes, ConfNode? local, ConfProblems problems)
    {
        var quorum = new ConfReader(map, problems, "quorum");
        var sum = nodes.Sum(node => node.Votes);
        var expected = quorum.NumberOr("expected_votes", sum);
        if (expected > int.MaxValue)
            quorum.Wrong("expected_votes", $"a number from 0 to {int.MaxValue}");
        switch (quorum.Text("provider"))
        {
            case null:
                return new GroupOptions();
            case VoteQuorum:
                CheckTogether(quorum, new ConfReader(map, problems, "quorum.device"), nodes, sum, problems);
                return local is null ? new GroupOptions() : new GroupOptions { Votes = (int)local.Votes,
                    ExpectedVotes = (int)long.Min(expected, int.MaxValue) };
            default:
                quorum.Wrong("provider", VoteQuorum);
                return new GroupOptions();
        }
    }

    /// <summary>A configuration that corosync does not start with (votequorum.c: votequorum_readconfig).</summary>
    private static void CheckTogether(
        ConfReader quorum, ConfReader device, List<ConfNode> nodes, long sum, ConfProblems problems)
    {
        var (hasDevice, hasTie, hasLastMan) =
            (device.Text("model") is not null, IsOn("auto_tie_breaker"), IsOn("last_man_standing"));
        if (hasDevice)
        {
            foreach (var key in (ReadOnlySpan<string>)["two_node", "last_man_standing", "auto_tie_breaker",
                "allow_downscale"])
            {
                if (IsOn(key))
                    quorum.Wrong(key, "0 beside quorum.device");
            }

            var (expected, votes) = (quorum.NumberOr("expected_votes", 0), device.Number("votes"));
            if (votes is null && (expected > 0 || sum != nodes.Count))
                problems.Add(device.Line, "quorum.device.votes is missing, expected it beside expected_votes and "
                    + "beside nodes with other votes than 1");
            else if (votes > 0 && expected > 0 && expected - votes < 2)
                device.Wrong("votes", "at least 2 less than quorum.expected_votes");
        }
        else if (hasTie && hasLastMan && sum % 2 == 1 && !IsOn("wait_for_all") && !IsOn("two_node"))
        {
            quorum.Wrong("last_man_standing", "0, or wait_for_all: 1, beside auto_tie_breaker with an odd sum "
                + "of votes");
        }

        bool IsOn(string key) => quorum.Number(key) is > 0;
    }
}
