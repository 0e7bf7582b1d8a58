using System.Text;
using Totem.Core.Diagnostics;
using Totem.Core.Evs;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Time;

namespace Totem.Core.Groups;

/// <summary>
/// Closed process groups on the ordered stream of a ring (wire.md sections 13 to 15; docs/groups.md). It is fed every element of that
/// stream in order, and everything it does follows from them: so it does the same at every member.
/// </summary>
internal sealed class GroupLayer
{
    /// <summary>The longest message that travels whole: corosync's CPG limit.</summary>
    public const int MessageBytesMax = (1 << 20) - 1024;

    /// <summary>What one node can say of its own processes in one message.</summary>
    private const int MembershipsMax = 4096;

    /// <summary>What real daemons and their libraries can bear (wire.md section 17; CPG_MEMBERS_MAX).</summary>
    private const int GroupMembersMax = 128;

    private readonly ProcessorId _self;
    private readonly GroupOptions _options;
    private readonly IGroupRing _ring;
    private readonly IRingObserver _observer;
    private readonly GroupEnvelopes _envelopes;
    private readonly GroupTable _table = new();
    private readonly PartialMessages _parts;
    private readonly Queue<GroupNotice> _notices = new();

    // Of the synchronisation that runs.
    private Synchronisation? _synchronisation;
    private readonly Dictionary<(GroupName Name, GroupMember Member), GroupEntry> _stated = [];
    private readonly Dictionary<ProcessorId, int> _statedBy = [];
    private readonly HashSet<(GroupName Name, GroupMember Member)> _leftMeanwhile = [];

    // Since the last one whose group phase ended.
    private ProcessorSet _agreed = ProcessorSet.Empty;
    private ProcessorSet? _cameAlong;
    private ProcessorSet? _cameAlongBefore;
    private Configuration? _regular;
    private Configuration? _transitional;
    private ushort _lastTag;

    public GroupLayer(ProcessorId self, GroupOptions options, IGroupRing ring, GroupEnvelopes envelopes, IRingObserver observer)
    {
        _self = self;
        _options = options;
        _ring = ring;
        _envelopes = envelopes;
        _observer = observer;
        _parts = new PartialMessages(options);
    }

    /// <summary>The members of the present regular configuration have synchronised.</summary>
    public bool IsSynchronised => _synchronisation is { IsComplete: true };

    public GroupTable Table => _table;

    /// <summary>Creates a membership; it joins when its join has taken its place in the order.</summary>
    public SubmitResult TryJoin(GroupName name, uint pid, object? owner, Instant now, out GroupMembership? membership, bool receives = true)
    {
        membership = null;
        Invariant.That(CanJoin(name, pid), "a process joins a group once");
        var created = new GroupMembership(name, pid, NextTag(), owner, receives);
        _envelopes.Add(created);
        var result = Submit(created, GroupMessageKind.Join, (byte)GroupChangeReason.Joined, default, 0, Guarantee.Agreed, now);
        if (result == SubmitResult.Accepted)
            membership = created;
        else
            _envelopes.Remove(created);
        return result;
    }

    /// <summary>Why there cannot be one more process in this group; null when there can.</summary>
    public string? Obstacle(GroupName name)
    {
        if (_envelopes.Memberships.Count >= MembershipsMax)
            return $"this node has {MembershipsMax} memberships already";
        var known = _table.Find(name.Bytes)?.Entries.Count ?? 0;
        var coming = _envelopes.Memberships.Values.Count(x => x.State == GroupMembershipState.Joining && x.Group == name);
        return known + coming >= GroupMembersMax ? $"group {name} has {GroupMembersMax} members already" : null;
    }

    /// <summary>False while the same process of this processor is in the group, or on its way in or out.</summary>
    public bool CanJoin(GroupName name, uint pid) =>
        Own(name.Bytes, pid) is null;

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
        GroupMembership membership, ReadOnlySpan<byte> payload, Guarantee guarantee, MessagePart part, uint wholeBytes, Instant now)
    {
        // Who leaves has nothing more to say; what it says is dropped, as corosync does.
        if (membership.State is GroupMembershipState.Leaving or GroupMembershipState.Left)
            return SubmitResult.Accepted;
        var kind = part == MessagePart.Whole ? GroupMessageKind.Message : GroupMessageKind.Part;
        return Submit(membership, kind, (byte)part, payload, wholeBytes, guarantee, now);
    }

    /// <summary>Takes the next notice that came of what was handled.</summary>
    public bool TryTake(out GroupDelivery delivery)
    {
        while (_notices.TryDequeue(out var notice))
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

    /// <summary>Handles the next element of the ring's stream.</summary>
    /// <returns>True when it is itself something to hand on; notices that came of it follow.</returns>
    public bool Handle(scoped in Delivery element, Instant now, out GroupDelivery delivery)
    {
        if (element.Change is { } change)
        {
            HandleChange(change, now);
            delivery = new GroupDelivery(element);
            return true;
        }

        switch (element.Channel)
        {
            case MessageChannel.Sync:
                delivery = default;
                HandleSync(element, now);
                return false;
            case MessageChannel.Services:
                return HandleService(element, out delivery);
            case MessageChannel.Groups:
                return HandleCompact(element, now, out delivery);
            default:
                delivery = new GroupDelivery(element);
                return true;
        }
    }

    private SubmitResult Submit(
        GroupMembership membership, GroupMessageKind kind, byte detail, ReadOnlySpan<byte> payload, uint wholeBytes, Guarantee guarantee,
        Instant now) =>
        _ring.TrySubmit(
            new Envelope(MessageChannel.Groups, (byte)kind, detail, membership.Tag, wholeBytes), payload, guarantee, now);

    private ushort NextTag()
    {
        do
            _lastTag++;
        while (_lastTag == 0 || _envelopes.Memberships.ContainsKey(_lastTag));
        return _lastTag;
    }

    // ---- Configurations ----

    private void HandleChange(ConfigurationChange change, Instant now)
    {
        var configuration = change.Configuration;
        if (configuration.Kind == ConfigurationKind.Transitional)
        {
            _transitional = configuration;
            _cameAlong = _cameAlong?.Intersect(configuration.Members) ?? configuration.Members;
            foreach (var group in _table.Groups)
                NoteTransitional(group, configuration);
            return;
        }

        // A synchronisation goes on through the transitional configuration of its ring, because those who come along together are
        // handed the same messages there: so it ends at the same message for all of them, or for none. It ends unfinished here.
        _regular = configuration;
        _transitional = null;
        _cameAlongBefore = _cameAlong;
        _synchronisation = new Synchronisation(configuration.Ring, configuration.Members);
        ForgetStated();
        _leftMeanwhile.Clear();
        _ring.SubmitSync(
            configuration.Ring, MessageChannel.Sync,
            SyncMessage.ServiceBuild(configuration.Ring, Synchronisation.OurServices, isOurs: !_options.IsForeign), now);
    }

    private void NoteTransitional(Group group, Configuration transitional)
    {
        if (group.Receivers.Count == 0 || group.Entries.All(x => transitional.Members.Contains(x.Member.Node)))
            return;
        GroupMember[] cameAlong = [.. group.Entries.Select(x => x.Member).Where(x => transitional.Members.Contains(x.Node))];
        _notices.Enqueue(new GroupNotice(
            GroupDeliveryKind.Transitional, new GroupChange(group.Name, transitional.Ring, cameAlong, [], []), Receivers: group.Receivers));
    }

    // ---- Synchronisation ----

    private void HandleSync(in Delivery element, Instant now)
    {
        var message = element.Payload;
        if (_synchronisation is not { } running)
            return;
        if (SyncMessage.IsServiceBuild(message))
        {
            if (running.TakeServiceBuild(
                    element.Sender, SyncMessage.Ring(message), SyncMessage.Services(message), SyncMessage.IsOurs(message)))
                BeginPhase(running, now);
        }
        else if (SyncMessage.IsBarrier(message))
        {
            if (!running.TakeBarrier(element.Sender, SyncMessage.Ring(message), out var ended))
                return;
            if (ended == ServiceFormat.GroupService)
                Agree(running);
            BeginPhase(running, now);
        }
        else
        {
            Discard(element);
        }
    }

    private void BeginPhase(Synchronisation running, Instant now)
    {
        if (running.IsExchangingStates)
        {
            _ring.SubmitSync(running.Ring, MessageChannel.Groups, CompactEncoding.State(running.Ring, OwnEntries()), now);
            return;
        }

        if (running.Phase is not { } phase)
        {
            Complete(running, isCompact: false, now);
            return;
        }

        var own = OwnEntries();
        if (phase == ServiceFormat.GroupService && own.Count > 0)
            _ring.SubmitSync(running.Ring, MessageChannel.Services, CorosyncEncoding.JoinList(own), now);
        if (phase == ServiceFormat.VoteService && _options.Votes is { } votes)
        {
            _ring.SubmitSync(
                running.Ring, MessageChannel.Services, CorosyncEncoding.NodeInfo(_self, votes, _options.ExpectedVotes), now);
        }

        _ring.SubmitSync(running.Ring, MessageChannel.Sync, SyncMessage.Barrier(running.Ring), now);
    }

    private void HandleState(in Delivery element, ReadOnlySpan<byte> state, Instant now)
    {
        if (CompactEncoding.ReadState(state, element.Sender) is not { } read)
        {
            Discard(element);
            return;
        }

        if (_synchronisation is not { IsExchangingStates: true } running || read.Ring != running.Ring)
            return;
        TakeStated(read.List);
        if (!running.TakeState(element.Sender, read.Ring))
            return;
        Agree(running);
        Complete(running, isCompact: true, now);
    }

    private void HandleJoinList(in Delivery element)
    {
        // Lists that an earlier synchronisation left behind in somebody's queue come before its service build, so before the phase.
        if (_synchronisation is { Phase: ServiceFormat.GroupService } running && element.Ring == running.Ring)
            TakeStated(CorosyncEncoding.ReadJoinList(element.Payload, element.Sender));
    }

    private void TakeStated(List<(GroupName Name, GroupEntry Entry)> list)
    {
        // A leave may overtake the list that still names the process (wire.md section 16, 31).
        foreach (var (name, entry) in list)
        {
            var said = _statedBy.GetValueOrDefault(entry.Member.Node);
            if (said < MembershipsMax && !_leftMeanwhile.Contains((name, entry.Member)) && _stated.TryAdd((name, entry.Member), entry))
                _statedBy[entry.Member.Node] = said + 1;
        }
    }

    private void ForgetStated()
    {
        _stated.Clear();
        _statedBy.Clear();
    }

    /// <summary>All members have said who is in which group: the tables become equal (wire.md section 14.3, activate).</summary>
    private void Agree(Synchronisation running)
    {
        // Those who came along to this ring. Whoever has left it since is the next synchronisation's concern: others may have
        // ended this one before that, and would still take that member's messages.
        var comeAlong = (_cameAlongBefore ?? _agreed).Intersect(running.Members);
        var down = _agreed.Except(comeAlong);
        var changes = new GroupChanges();

        foreach (var group in _table.Groups.ToArray())
        {
            foreach (var entry in group.Entries.ToArray())
            {
                if (down.Contains(entry.Member.Node))
                    Remove(group, entry.Member, GroupChangeReason.NodeDown, changes);
            }
        }

        foreach (var ((name, member), entry) in _stated)
        {
            if (member.Node != _self && _table.TryAdd(name, entry, out var group) == GroupTable.Added.New)
                changes.Joined(group, member, GroupChangeReason.NodeUp);
        }

        foreach (var group in _table.Groups.ToArray())
        {
            foreach (var entry in group.Entries.ToArray())
            {
                if (entry.Member.Node != _self && !_stated.ContainsKey((group.Name, entry.Member)))
                    Remove(group, entry.Member, GroupChangeReason.ProcessDown, changes);
            }
        }

        _agreed = running.Members;
        _cameAlong = _transitional?.Members;
        ForgetStated();
        foreach (var (group, change) in changes.Of(running.Ring))
        {
            if (group.Receivers.Count > 0)
                _notices.Enqueue(new GroupNotice(GroupDeliveryKind.Change, change, Receivers: group.Receivers));
            if (_transitional is { } transitional)
                NoteTransitional(group, transitional);
        }
    }

    private void Complete(Synchronisation running, bool isCompact, Instant now)
    {
        // Set first: from the moment the stream is open, messages are packed. If the ring is over already its successor sets it anew.
        _envelopes.IsCompact = isCompact;
        _ring.EndSynchronisation(running.Ring, now);
        _notices.Enqueue(new GroupNotice(GroupDeliveryKind.Synchronised, Configuration: _regular));
    }

    private List<(GroupName Name, GroupEntry Entry)> OwnEntries()
    {
        var own = new List<(GroupName, GroupEntry)>();
        foreach (var group in _table.Groups)
            own.AddRange(group.Entries.Where(x => x.Member.Node == _self).Select(x => (group.Name, x)));
        return own;
    }

    // ---- Messages ----

    private bool HandleService(scoped in Delivery element, out GroupDelivery delivery)
    {
        delivery = default;
        if (CorosyncEncoding.IsJoinList(element.Payload))
        {
            HandleJoinList(element);
            return false;
        }

        if (CfgMessage.TryReadKill(element.Payload, out var victim, out var reason))
        {
            if (victim == _self)
            {
                _notices.Enqueue(new GroupNotice(
                    GroupDeliveryKind.KillRequested, Text: $"node {element.Sender} asked for it: {Encoding.UTF8.GetString(reason)}"));
            }

            return false;
        }

        if (!CorosyncEncoding.TryRead(element.Payload, out var message))
            return false; // Other services talk here too.
        var sender = new GroupMember(element.Sender, message.Pid);
        switch (message.Kind)
        {
            case GroupMessageKind.Join:
                TakeJoin(new GroupName(message.Name), new GroupEntry(sender, element.Sender == _self ? Own(message.Name, message.Pid)?.Tag ?? 0 : (ushort)0));
                return false;
            case GroupMessageKind.Leave:
                TakeLeave(new GroupName(message.Name), sender, message.Reason);
                return false;
            default:
                // corosync's rule: any process of the sending node in the group will do.
                if (_table.Find(message.Name) is { } group && group.HasMemberOn(element.Sender))
                    return TakeMessage(element, group, sender, message, out delivery);
                Discard(element);
                return false;
        }
    }

    private bool HandleCompact(scoped in Delivery element, Instant now, out GroupDelivery delivery)
    {
        delivery = default;
        if (!CompactEncoding.TryRead(element.Payload, out var message))
        {
            Discard(element);
            return false;
        }

        switch (message.Kind)
        {
            case GroupMessageKind.State:
                HandleState(element, message.Payload, now);
                return false;
            case GroupMessageKind.Join:
                TakeJoin(
                    new GroupName(message.Name), new GroupEntry(new GroupMember(element.Sender, message.Pid), message.Tag));
                return false;
        }

        if (_table.Find(element.Sender, message.Tag) is not { } sender)
        {
            Discard(element);
            return false;
        }

        if (message.Kind != GroupMessageKind.Leave)
            return TakeMessage(element, sender.Group, sender.Member, message, out delivery);
        TakeLeave(sender.Group.Name, sender.Member, message.Reason);
        return false;
    }

    private bool TakeMessage(scoped in Delivery element, Group group, GroupMember sender, scoped in GroupMessage message, out GroupDelivery delivery)
    {
        delivery = default;
        var payload = message.Payload;
        if (message.Kind == GroupMessageKind.Part)
        {
            var isKept = group.Listeners.Count > 0;
            if (!group.Contains(sender)
                || !_parts.TryAdd(group, sender, message.Part, message.WholeBytes, payload, isKept, out var whole))
            {
                Discard(element, DiscardReason.MessageTooLong);
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
        _leftMeanwhile.Remove((name, entry.Member));
        var added = _table.TryAdd(name, entry, out var group);
        if (added == GroupTable.Added.Full || (added == GroupTable.Added.New && group.Entries.Count > GroupMembersMax))
        {
            Refuse(group, entry.Member);
            return;
        }

        if (added == GroupTable.Added.Known)
            return;
        if (entry.Member.Node == _self && Own(name.Bytes, entry.Member.Pid) is { IsReleased: false } membership)
        {
            if (membership.State == GroupMembershipState.Joining)
                membership.State = GroupMembershipState.Joined;
            group.AddReceiver(membership);
        }

        Note(group, [new GroupMemberChange(entry.Member, GroupChangeReason.Joined)], []);
    }

    /// <summary>There is no room for it, which everybody sees at the same place. Who asked is told, as of a leave.</summary>
    private void Refuse(Group group, GroupMember member)
    {
        _table.Remove(group, member);
        if (member.Node != _self || Own(group.Name.Bytes, member.Pid) is not { } membership)
            return;
        membership.State = GroupMembershipState.Left;
        if (membership.IsReleased)
        {
            _envelopes.Remove(membership);
            return;
        }

        Note(group, [], [new GroupMemberChange(member, GroupChangeReason.Undefined)], [membership]);
    }

    private void TakeLeave(GroupName name, GroupMember member, GroupChangeReason reason)
    {
        if (_synchronisation is { IsComplete: false } && _leftMeanwhile.Count < GroupTable.EntriesMax)
            _leftMeanwhile.Add((name, member));
        _stated.Remove((name, member));
        if (_table.Find(name.Bytes) is not { } group)
            return;
        var receivers = group.Receivers;
        _parts.Drop(group, member);
        if (!_table.Remove(group, member))
            return;
        if (member.Node == _self && Own(name.Bytes, member.Pid) is { } membership)
        {
            membership.State = GroupMembershipState.Left;
            if (membership.IsReleased)
                _envelopes.Remove(membership);
        }

        Note(group, [], [new GroupMemberChange(member, reason)], receivers);
    }

    private void Note(
        Group group, IReadOnlyList<GroupMemberChange> joined, IReadOnlyList<GroupMemberChange> left,
        IReadOnlyList<GroupMembership>? receivers = null)
    {
        receivers ??= group.Receivers;
        if (receivers.Count == 0)
            return;
        _notices.Enqueue(new GroupNotice(
            GroupDeliveryKind.Change, new GroupChange(group.Name, _regular!.Ring, group.Members(), joined, left), Receivers: receivers));
    }

    private void Remove(Group group, GroupMember member, GroupChangeReason reason, GroupChanges changes)
    {
        _parts.Drop(group, member);
        _table.Remove(group, member);
        changes.Left(group, member, reason);
    }

    /// <summary>The membership of ours that this is, unless it has left: then the name and process may be another one's already.</summary>
    private GroupMembership? Own(ReadOnlySpan<byte> name, uint pid)
    {
        foreach (var membership in _envelopes.Memberships.Values)
        {
            if (membership.Pid == pid && membership.State != GroupMembershipState.Left && name.SequenceEqual(membership.Group.Bytes))
                return membership;
        }

        return null;
    }

    private void Discard(scoped in Delivery element, DiscardReason reason = DiscardReason.UnknownGroup) => _observer.OnEvent(new RingEvent(
        RingEventKind.Discarded, element.Ring, element.Sender, Seq: element.Seq, Discard: reason));
}
