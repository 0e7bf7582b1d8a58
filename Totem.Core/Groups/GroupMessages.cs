using System.Text;
using Totem.Core.Diagnostics;
using Totem.Core.Time;

namespace Totem.Core.Groups;

/// <summary>
/// Applies each message to a group at its place in the order (WIRE §14): a join, a leave, or something to
/// hand on.
/// </summary>
internal sealed class GroupMessages(
    ProcessorId self, GroupEnvelopes envelopes, GroupTable table, PartialMessages parts, GroupSynchroniser synchroniser,
    GroupNotices notices, IRingObserver observer)
{
    /// <summary>The most that real daemons and their libraries can bear (WIRE §17;
    /// CPG_MEMBERS_MAX).</summary>
    public const int MembersMax = 128;

    /// <summary>A message of corosync's services.</summary>
    public bool HandleService(scoped in Delivery element, out GroupDelivery delivery)
    {
        delivery = default;
        if (CorosyncEncoding.IsJoinList(element.Payload))
        {
            synchroniser.HandleJoinList(element);
            return false;
        }

        if (CfgMessage.TryReadKill(element.Payload, out var victim, out var reason))
        {
            if (victim == self)
            {
                var text = $"node {element.Sender} asked for it: {Encoding.UTF8.GetString(reason)}";
                notices.Add(new GroupNotice(GroupDeliveryKind.KillRequested, Text: text));
            }

            return false;
        }

        if (CfgMessage.IsReload(element.Payload))
        {
            notices.Add(new GroupNotice(GroupDeliveryKind.ReloadRequested, Node: element.Sender));
            return false;
        }

        if (CfgMessage.TryReadKeyStep(element.Payload, out var phase))
        {
            notices.Add(new GroupNotice(GroupDeliveryKind.KeyStep, Node: element.Sender, Phase: phase));
            return false;
        }

        if (!CorosyncEncoding.TryRead(element.Payload, out var message))
            return false; // Other services talk here too.
        var sender = new GroupMember(element.Sender, message.Pid);
        switch (message.Kind)
        {
            case GroupMessageKind.Join:
                var tag = element.Sender == self ? envelopes.Find(message.Name, message.Pid)?.Tag ?? 0 : (ushort)0;
                TakeJoin(new GroupName(message.Name), new GroupEntry(sender, tag));
                return false;
            case GroupMessageKind.Leave:
                TakeLeave(new GroupName(message.Name), sender, message.Reason);
                return false;
            default:
                // corosync's rule: any process of the sending node in the group will do.
                if (table.Find(message.Name) is { } group && group.HasMemberOn(element.Sender))
                    return TakeMessage(element, group, sender, message, out delivery);
                observer.Discard(element);
                return false;
        }
    }

    /// <summary>A message in our own encoding.</summary>
    public bool HandleCompact(scoped in Delivery element, Instant now, out GroupDelivery delivery)
    {
        delivery = default;
        if (!CompactEncoding.TryRead(element.Payload, out var message))
        {
            observer.Discard(element);
            return false;
        }

        switch (message.Kind)
        {
            case GroupMessageKind.State:
                synchroniser.HandleState(element, message.Payload, now);
                return false;
            case GroupMessageKind.Join:
                var joining = new GroupMember(element.Sender, message.Pid);
                TakeJoin(new GroupName(message.Name), new GroupEntry(joining, message.Tag));
                return false;
        }

        if (table.Find(element.Sender, message.Tag) is not { } sender)
        {
            observer.Discard(element);
            return false;
        }

        if (message.Kind != GroupMessageKind.Leave)
            return TakeMessage(element, sender.Group, sender.Member, message, out delivery);
        TakeLeave(sender.Group.Name, sender.Member, message.Reason);
        return false;
    }

    private bool TakeMessage(
        scoped in Delivery element, Group group, GroupMember sender, scoped in GroupMessage message,
        out GroupDelivery delivery)
    {
        delivery = default;
        var payload = message.Payload;
        if (message.Kind == GroupMessageKind.Part)
        {
            var isKept = group.Listeners.Count > 0;
            if (!group.Contains(sender)
                || !parts.TryAdd(group, sender, message.Part, message.WholeBytes, payload, isKept, out var whole))
            {
                observer.Discard(element, DiscardReason.MessageTooLong);
                return false;
            }

            if (whole is null)
                return false;
            payload = whole;
        }

        if (group.Listeners.Count == 0)
            return false;
        delivery = new GroupDelivery(element, sender, group.Listeners, payload);
        return true;
    }

    private void TakeJoin(GroupName name, GroupEntry entry)
    {
        synchroniser.NoteJoin(name, entry.Member);
        var added = table.TryAdd(name, entry, out var group);
        if (added == GroupTable.Added.Full || (added == GroupTable.Added.New && group.Entries.Count > MembersMax))
        {
            Refuse(group, entry.Member);
            return;
        }

        if (added == GroupTable.Added.Known)
            return;
        if (entry.Member.Node == self
            && envelopes.Find(name.Bytes, entry.Member.Pid) is { IsReleased: false } membership)
        {
            if (membership.State == GroupMembershipState.Joining)
                membership.State = GroupMembershipState.Joined;
            group.AddReceiver(membership);
        }

        Note(group, [new GroupMemberChange(entry.Member, GroupChangeReason.Joined)], [], group.Receivers);
    }

    /// <summary>There is no room for it, which everybody sees at the same place. The process that asked is told, as of
    /// a leave.</summary>
    private void Refuse(Group group, GroupMember member)
    {
        table.Remove(group, member);
        if (member.Node != self || envelopes.Find(group.Name.Bytes, member.Pid) is not { } membership)
            return;
        membership.State = GroupMembershipState.Left;
        if (membership.IsReleased)
        {
            envelopes.Remove(membership);
            return;
        }

        Note(group, [], [new GroupMemberChange(member, GroupChangeReason.Undefined)], [membership]);
    }

    private void TakeLeave(GroupName name, GroupMember member, GroupChangeReason reason)
    {
        synchroniser.NoteLeave(name, member);
        if (table.Find(name.Bytes) is not { } group)
            return;
        var receivers = group.Receivers;
        parts.Drop(group, member);
        if (!table.Remove(group, member))
            return;
        if (member.Node == self && envelopes.Find(name.Bytes, member.Pid) is { } membership)
        {
            membership.State = GroupMembershipState.Left;
            if (membership.IsReleased)
                envelopes.Remove(membership);
        }

        Note(group, [], [new GroupMemberChange(member, reason)], receivers);
    }

    private void Note(
        Group group, IReadOnlyList<GroupMemberChange> joined, IReadOnlyList<GroupMemberChange> left,
        IReadOnlyList<GroupMembership> receivers)
    {
        if (receivers.Count > 0)
            notices.Change(receivers, new GroupChange(group.Name, synchroniser.Ring, group.Members(), joined, left));
    }
}
