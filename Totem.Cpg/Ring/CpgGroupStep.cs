namespace Totem.Cpg.Ring;

/// <summary>
/// One change as libcpg tells it. A new configuration may change a group in several ways at once; corosync's order is
/// then: who was lost with a node in one change, who came with a node in one, and a change for each process that ended
/// meanwhile.
/// </summary>
internal sealed record CpgGroupStep(CpgAddress[] Members, CpgAddress[] Left, CpgAddress[] Joined)
{
    /// <summary>Takes a change apart. Mostly it is one step.</summary>
    public static void Split(GroupChange change, List<CpgGroupStep> steps)
    {
        CpgAddress[] left = [.. change.Left.Select(Address)];
        CpgAddress[] joined = [.. change.Joined.Select(Address)];
        var members = new SortedSet<GroupMember>(change.Members);
        members.ExceptWith(change.Joined.Select(x => x.Member));
        members.UnionWith(change.Left.Select(x => x.Member));

        var (lost, ended) = (left.Where(IsLost).ToArray(), left.Where(x => !IsLost(x)).ToArray());
        if (lost.Length > 0)
            Step(lost, []);
        if (joined.Length > 0)
            Step([], joined);
        foreach (var gone in ended)
            Step([gone], []);

        void Step(CpgAddress[] going, CpgAddress[] coming)
        {
            members.ExceptWith(going.Select(Member));
            members.UnionWith(coming.Select(Member));
            steps.Add(new CpgGroupStep([.. members.Select(x => new CpgAddress(x.Node.Value, x.Pid))], going, coming));
        }
    }

    private static bool IsLost(CpgAddress address) => address.Reason == CpgReason.NodeDown;

    private static CpgAddress Address(GroupMemberChange change)
        => new(change.Member.Node.Value, change.Member.Pid, (CpgReason)(uint)change.Reason);

    private static GroupMember Member(CpgAddress address) => new(new(address.Node), address.Pid);
}
