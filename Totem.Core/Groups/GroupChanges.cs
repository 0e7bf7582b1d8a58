namespace Totem.Core.Groups;

/// <summary>The changes of one synchronisation, group by group.</summary>
internal sealed class GroupChanges
{
    private readonly Dictionary<Group, (List<GroupMemberChange> Joined, List<GroupMemberChange> Left)> _byGroup = [];

    public void Joined(Group group, GroupMember member, GroupChangeReason reason) =>
        Of(group).Joined.Add(new GroupMemberChange(member, reason));

    public void Left(Group group, GroupMember member, GroupChangeReason reason) =>
        Of(group).Left.Add(new GroupMemberChange(member, reason));

    /// <summary>One change for each group that has one, in the order of their names.</summary>
    public IEnumerable<(Group Group, GroupChange Change)> Of(RingId ring) => _byGroup
        .OrderBy(x => x.Key.Number)
        .Select(x =>
        {
            x.Value.Joined.Sort((a, b) => a.Member.CompareTo(b.Member));
            return (x.Key, new GroupChange(x.Key.Name, ring, x.Key.Members(), x.Value.Joined, x.Value.Left));
        });

    private (List<GroupMemberChange> Joined, List<GroupMemberChange> Left) Of(Group group)
    {
        if (!_byGroup.TryGetValue(group, out var lists))
            _byGroup.Add(group, lists = ([], []));
        return lists;
    }
}
