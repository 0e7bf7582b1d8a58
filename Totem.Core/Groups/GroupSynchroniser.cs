using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Time;

namespace Totem.Core.Groups;

/// <summary>
/// Makes the tables of all members of a ring equal before their messages go on (WIRE §13.3 and §14.3;
/// docs/design/groups.md, "One order, and what happens when the ring changes").
/// </summary>
internal sealed class GroupSynchroniser(
    ProcessorId self, GroupOptions options, IGroupRing ring, GroupEnvelopes envelopes, GroupTable table,
    PartialMessages parts, GroupNotices notices, IRingObserver observer)
{
    private readonly StatedEntries _stated = new();
    private Synchronisation? _synchronisation;

    // Since the last synchronisation whose group phase ended.
    private ProcessorSet _agreed = ProcessorSet.Empty;
    private ProcessorSet? _cameAlong;
    private ProcessorSet? _cameAlongBefore;
    private Configuration? _regular;
    private Configuration? _transitional;

    /// <summary>The members of the present regular configuration have synchronised.</summary>
    public bool IsSynchronized => _synchronisation is { IsComplete: true };

    /// <summary>The ring whose configuration was delivered last.</summary>
    public RingId Ring
    {
        get
        {
            Invariant.That(_regular is not null, "messages of groups follow a configuration");
            return _regular.Ring;
        }
    }

    public void NoteJoin(GroupName name, GroupMember member) => _stated.NoteJoin(name, member);

    public void NoteLeave(GroupName name, GroupMember member) =>
        _stated.NoteLeave(name, member, isSynchronising: _synchronisation is { IsComplete: false });

    public void HandleChange(ConfigurationChange change, Instant now)
    {
        var configuration = change.Configuration;
        if (configuration.Kind == ConfigurationKind.Transitional)
        {
            _transitional = configuration;
            _cameAlong = _cameAlong?.Intersect(configuration.Members) ?? configuration.Members;
            foreach (var group in table.Groups)
                notices.Transitional(group, configuration);
            return;
        }

        // A synchronisation goes on through the transitional configuration of its ring, because those who come along
        // together are handed the same messages there: so it ends at the same message for all of them, or for none. It
        // ends unfinished here.
        _regular = configuration;
        _transitional = null;
        _cameAlongBefore = _cameAlong;
        _synchronisation = new Synchronisation(configuration.Ring, configuration.Members);
        _stated.Restart();
        ring.SubmitSync(
            configuration.Ring, MessageChannel.Sync,
            SyncMessage.ServiceBuild(configuration.Ring, Synchronisation.OurServices, isOurs: !options.IsForeign), now);
    }

    public void HandleSync(scoped in Delivery element, Instant now)
    {
        var message = element.Payload;
        if (_synchronisation is not { } running)
            return;
        if (SyncMessage.IsServiceBuild(message))
        {
            var haveAllBuilt = running.TakeServiceBuild(
                element.Sender, SyncMessage.Ring(message), SyncMessage.Services(message), SyncMessage.IsOurs(message));
            if (haveAllBuilt)
                BeginPhase(running, now);
        }
        else if (SyncMessage.IsBarrier(message))
        {
            var isPhaseOver = running.TakeBarrier(element.Sender, SyncMessage.Ring(message), out var ended);
            if (!isPhaseOver)
                return;
            if (ended == ServiceFormat.GroupService)
                Agree(running);
            BeginPhase(running, now);
        }
        else
        {
            observer.Discard(element);
        }
    }

    /// <summary>The processes of one node of ours.</summary>
    public void HandleState(scoped in Delivery element, ReadOnlySpan<byte> state, Instant now)
    {
        if (CompactEncoding.ReadState(state, element.Sender) is not { } read)
        {
            observer.Discard(element);
            return;
        }

        if (_synchronisation is not { IsExchangingStates: true } running || read.Ring != running.Ring)
            return;
        _stated.Take(read.List);
        var haveAllStated = running.TakeState(element.Sender, read.Ring);
        if (!haveAllStated)
            return;
        Agree(running);
        Complete(running, isCompact: true, now);
    }

    /// <summary>The processes of one node where somebody runs corosync.</summary>
    public void HandleJoinList(scoped in Delivery element)
    {
        // Lists that an earlier synchronisation left behind in somebody's queue come before its service build, so
        // before the phase.
        if (_synchronisation is { Phase: ServiceFormat.GroupService } running && element.Ring == running.Ring)
            _stated.Take(CorosyncEncoding.ReadJoinList(element.Payload, element.Sender));
    }

    private void BeginPhase(Synchronisation running, Instant now)
    {
        if (running.IsExchangingStates)
        {
            var state = CompactEncoding.State(running.Ring, OwnEntries());
            ring.SubmitSync(running.Ring, MessageChannel.Groups, state, now);
            return;
        }

        if (running.Phase is not { } phase)
        {
            Complete(running, isCompact: false, now);
            return;
        }

        var own = OwnEntries();
        if (phase == ServiceFormat.GroupService && own.Count > 0)
            ring.SubmitSync(running.Ring, MessageChannel.Services, CorosyncEncoding.JoinList(own), now);
        if (phase == ServiceFormat.VoteService && options.Votes is { } votes)
        {
            var info = CorosyncEncoding.NodeInfo(self, votes, options.ExpectedVotes);
            ring.SubmitSync(running.Ring, MessageChannel.Services, info, now);
        }

        ring.SubmitSync(running.Ring, MessageChannel.Sync, SyncMessage.Barrier(running.Ring), now);
    }

    /// <summary>All members have said who is in which group: the tables become equal (WIRE §14.3,
    /// activate).</summary>
    private void Agree(Synchronisation running)
    {
        // Those who came along to this ring. A member that has left it since is the next synchronisation's concern:
        // others may have ended this one before that, and would still take that member's messages.
        Invariant.That(running.Members.Contains(self), "a processor agrees with itself");
        var comeAlong = (_cameAlongBefore ?? _agreed).Intersect(running.Members);
        var down = _agreed.Except(comeAlong);
        var changes = new GroupChanges();

        foreach (var group in table.Groups.ToArray())
        {
            foreach (var entry in group.Entries.ToArray())
            {
                if (down.Contains(entry.Member.Node))
                    Remove(group, entry.Member, GroupChangeReason.NodeDown, changes);
            }
        }

        foreach (var ((name, member), entry) in _stated.All)
        {
            if (member.Node != self && table.TryAdd(name, entry, out var group) == GroupTable.Added.New)
                changes.Joined(group, member, GroupChangeReason.NodeUp);
        }

        var others = 0;
        foreach (var group in table.Groups.ToArray())
        {
            foreach (var entry in group.Entries.ToArray())
            {
                if (entry.Member.Node != self && !_stated.Contains(group.Name, entry.Member))
                    Remove(group, entry.Member, GroupChangeReason.ProcessDown, changes);
                else if (entry.Member.Node != self)
                    others++;
            }
        }

        // The pair of what every other member has after the same message: the tables hold what was stated, and nobody
        // else's.
        Invariant.That(others <= _stated.All.Count, "who is in a group was stated");
        Invariant.That(table.Count >= others, "the table holds all that was agreed on");
        _agreed = running.Members;
        _cameAlong = _transitional?.Members;
        _stated.Clear();
        Tell(changes, running.Ring);
    }

    private void Tell(GroupChanges changes, RingId ringId)
    {
        foreach (var (group, change) in changes.Of(ringId))
        {
            notices.Change(group.Receivers, change);
            if (_transitional is { } transitional)
                notices.Transitional(group, transitional);
        }
    }

    private void Complete(Synchronisation running, bool isCompact, Instant now)
    {
        Invariant.That(running.IsComplete, "a stream opens when all have synchronised");
        // Set first: from the moment the stream is open, messages are packed. If the ring is over already its successor
        // sets it anew.
        envelopes.IsCompact = isCompact;
        ring.EndSynchronisation(running.Ring, now);
        notices.Add(new GroupNotice(GroupDeliveryKind.Synchronized, Configuration: _regular));
    }

    private List<(GroupName Name, GroupEntry Entry)> OwnEntries()
    {
        var own = new List<(GroupName, GroupEntry)>();
        foreach (var group in table.Groups)
            own.AddRange(group.Entries.Where(x => x.Member.Node == self).Select(x => (group.Name, x)));
        return own;
    }

    private void Remove(Group group, GroupMember member, GroupChangeReason reason, GroupChanges changes)
    {
        parts.Drop(group, member);
        table.Remove(group, member);
        changes.Left(group, member, reason);
    }
}
