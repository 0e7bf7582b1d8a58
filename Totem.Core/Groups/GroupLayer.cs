using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Time;

namespace Totem.Core.Groups;

/// <summary>
/// Closed process groups on the ordered stream of a ring (WIRE §13 to §15; docs/design/groups.md). It is fed every
/// element of that stream in order, and everything it does follows from them: so it does the same at every member.
/// </summary>
internal sealed class GroupLayer
{
    /// <summary>The longest message that travels whole: corosync's CPG limit.</summary>
    public const int MaxMessageBytes = (1 << 20) - 1024;

    private readonly IGroupRing _ring;
    private readonly GroupEnvelopes _envelopes;
    private readonly GroupTable _table = new();
    private readonly GroupNotices _notices = new();
    private readonly GroupSynchroniser _synchroniser;
    private readonly GroupMessages _messages;
    private ushort _lastTag;

    public GroupLayer(
        ProcessorId self, GroupOptions options, IGroupRing ring, GroupEnvelopes envelopes, IRingObserver observer)
    {
        _ring = ring;
        _envelopes = envelopes;
        var parts = new PartialMessages(options);
        _synchroniser = new GroupSynchroniser(self, options, ring, envelopes, _table, parts, _notices, observer);
        _messages = new GroupMessages(self, envelopes, _table, parts, _synchroniser, _notices, observer);
    }

    /// <summary>The members of the present regular configuration have synchronised.</summary>
    public bool IsSynchronized => _synchroniser.IsSynchronized;

    public GroupTable Table => _table;

    /// <summary>Creates a membership; it joins when its join has taken its place in the order.</summary>
    public SubmitResult TryJoin(
        GroupName name, uint pid, object? owner, Instant now, out GroupMembership? membership, bool receives = true)
    {
        membership = null;
        Invariant.That(CanJoin(name, pid), "a process joins a group once");
        var created = new GroupMembership(name, pid, NextTag(), owner, receives);
        _envelopes.Add(created);
        var result = Submit(
            created, GroupMessageKind.Join, (byte)GroupChangeReason.Joined, default, 0, Guarantee.Agreed, now);
        if (result == SubmitResult.Accepted)
            membership = created;
        else
            _envelopes.Remove(created);
        return result;
    }

    /// <summary>Why there cannot be one more process in this group; null when there can.</summary>
    public string? Obstacle(GroupName name)
    {
        if (_envelopes.Memberships.Count >= StatedEntries.CountOfNodeMax)
            return $"this node has {StatedEntries.CountOfNodeMax} memberships already";
        var known = _table.Find(name.Bytes)?.Entries.Count ?? 0;
        var coming = _envelopes.Memberships.Values.Count(x => x.State == GroupMembershipState.Joining
            && x.Group == name);
        return known + coming >= GroupMessages.MembersMax
            ? $"group {name} has {GroupMessages.MembersMax} members already"
            : null;
    }

    /// <summary>False while the same process of this processor is in the group, or on its way in or out.</summary>
    public bool CanJoin(GroupName name, uint pid) =>
        _envelopes.Find(name.Bytes, pid) is null;

    public SubmitResult TryLeave(GroupMembership membership, GroupChangeReason reason, Instant now)
    {
        if (membership.State is GroupMembershipState.Leaving or GroupMembershipState.Left)
            return SubmitResult.Accepted;
        var result = Submit(membership, GroupMessageKind.Leave, (byte)reason, default, 0, Guarantee.Agreed, now);
        if (result == SubmitResult.Accepted)
            membership.State = GroupMembershipState.Leaving;
        return result;
    }

    /// <summary>Nothing of the group is to reach this membership any more; once it has left it is forgotten.</summary>
    public void Release(GroupMembership membership)
    {
        if (_table.Find(membership.Group.Bytes) is { } group)
        {
            group.RemoveReceiver(membership);
            _table.Tidy(group);
        }

        if (membership.State == GroupMembershipState.Left)
            _envelopes.Remove(membership);
        membership.IsReleased = true;
    }

    public SubmitResult TrySubmit(
        GroupMembership membership, ReadOnlySpan<byte> payload, Guarantee guarantee, MessagePart part, uint wholeBytes,
        Instant now)
    {
        // A process that leaves has nothing more to say; what it says is dropped, as corosync does.
        if (membership.State is GroupMembershipState.Leaving or GroupMembershipState.Left)
            return SubmitResult.Accepted;
        var kind = part == MessagePart.Whole ? GroupMessageKind.Message : GroupMessageKind.Part;
        return Submit(membership, kind, (byte)part, payload, wholeBytes, guarantee, now);
    }

    /// <summary>A message of a service of corosync's that is not groups. It is safe: a step in a change of keys is
    /// taken where everybody has heard of it.</summary>
    public SubmitResult TrySubmitService(ReadOnlySpan<byte> message, Instant now) =>
        _ring.TrySubmit(new Envelope(MessageChannel.Services), message, Guarantee.Safe, now);

    /// <summary>Takes the next notice that came of what was handled.</summary>
    public bool TryTake(out GroupDelivery delivery) => _notices.TryTake(out delivery);

    /// <summary>Handles the next element of the ring's stream.</summary>
    /// <returns>True when it is itself something to hand on; notices that came of it follow.</returns>
    public bool Handle(scoped in Delivery element, Instant now, out GroupDelivery delivery)
    {
        if (element.Change is { } change)
        {
            _synchroniser.HandleChange(change, now);
            delivery = new GroupDelivery(element);
            return true;
        }

        switch (element.Channel)
        {
            case MessageChannel.Sync:
                delivery = default;
                _synchroniser.HandleSync(element, now);
                return false;
            case MessageChannel.Services:
                return _messages.HandleService(element, out delivery);
            case MessageChannel.Groups:
                return _messages.HandleCompact(element, now, out delivery);
            default:
                delivery = new GroupDelivery(element);
                return true;
        }
    }

    private SubmitResult Submit(
        GroupMembership membership, GroupMessageKind kind, byte detail, ReadOnlySpan<byte> payload, uint wholeBytes,
        Guarantee guarantee,
        Instant now) =>
        _ring.TrySubmit(
            new Envelope(MessageChannel.Groups, (byte)kind, detail, membership.Tag, wholeBytes), payload,
            guarantee, now);

    private ushort NextTag()
    {
        do
            _lastTag++;
        while (_lastTag == 0 || _envelopes.Memberships.ContainsKey(_lastTag));
        Invariant.That(_lastTag != 0, "0 stands for no membership");
        return _lastTag;
    }
}
