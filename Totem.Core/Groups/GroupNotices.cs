namespace Totem.Core.Groups;

/// <summary>The news of groups that members here are to hear beside messages, in order, until the application takes
/// it.</summary>
internal sealed class GroupNotices
{
    private readonly Queue<GroupNotice> _waiting = new();

    public void Add(in GroupNotice notice) => _waiting.Enqueue(notice);

    /// <summary>A membership has changed; nothing is noted when nobody here hears of the group.</summary>
    public void Change(IReadOnlyList<GroupMembership> receivers, GroupChange change)
    {
        if (receivers.Count > 0)
            Add(new GroupNotice(GroupDeliveryKind.Change, change, Receivers: receivers));
    }

    /// <summary>Not all members of a group come along to the next ring: those who do are named.</summary>
    public void Transitional(Group group, Configuration transitional)
    {
        if (group.Receivers.Count == 0 || group.Entries.All(x => transitional.Members.Contains(x.Member.Node)))
            return;
        GroupMember[] cameAlong =
            [.. group.Entries.Select(x => x.Member).Where(x => transitional.Members.Contains(x.Node))];
        Add(new GroupNotice(
            GroupDeliveryKind.Transitional, new GroupChange(group.Name, transitional.Ring, cameAlong, [], []),
            Receivers: group.Receivers));
    }

    /// <summary>Takes the next notice.</summary>
    public bool TryTake(out GroupDelivery delivery)
    {
        while (_waiting.TryDequeue(out var notice))
        {
            // It may have waited for its application, and whom it was for may have been released since.
            if (notice.Receivers is { } receivers && receivers.Any(x => x.IsReleased))
            {
                notice = notice with { Receivers = [.. receivers.Where(x => !x.IsReleased)] };
                if (notice.Receivers.Count == 0)
                    continue;
            }

            delivery = new GroupDelivery(notice);
            return true;
        }

        delivery = default;
        return false;
    }
}
