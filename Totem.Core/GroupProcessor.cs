using Totem.Core.Diagnostics;
using Totem.Core.Groups;
using Totem.Core.Packing;
using Totem.Core.Time;

namespace Totem.Core;

/// <summary>
/// A <see cref="RingProcessor"/> with process groups on top, still a pure state machine for one thread at a time. After
/// each ring is installed its members synchronise who is in which group; messages of the application, to groups or to
/// the ring, wait in the queue until they have.
/// </summary>
/// <remarks>
/// The host feeds and drains <see cref="Ring"/> as its remarks say, with one difference: since handling a delivery may
/// have something to send, it calls <see cref="IRing.TryTransmit"/> again after it has taken deliveries by
/// <see cref="TryDeliver"/>.
/// </remarks>
public sealed class GroupProcessor
{
    /// <summary>The longest message to a group that travels whole (corosync's CPG limit, 1 MiB - 1 KiB). Longer ones
    /// are handed in part by part, see <see cref="TrySubmitPart"/>.</summary>
    public const int MaxMessageBytes = GroupLayer.MaxMessageBytes;

    private readonly GroupLayer _layer;

    /// <summary>Creates a processor that has not started.</summary>
    /// <param name="options">See <see cref="RingOptions.Validate"/>.</param>
    /// <param name="groups">May be null for the defaults.</param>
    /// <param name="storedRingSequence">The value that <see cref="IRing.PendingStore"/> last asked to keep; 0 on the
    /// very first start.</param>
    /// <param name="observer">Told of everything that happens; may be null.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message lists
    /// every problem.</exception>
    public GroupProcessor(
        RingOptions options, GroupOptions? groups, ulong storedRingSequence, IRingObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var envelopes = new GroupEnvelopes(options.Self);
        var use = new StreamUse(envelopes, Synchronises: true);
        Processor = new RingProcessor(options, storedRingSequence, observer, use);
        _layer = new GroupLayer(
            options.Self, groups ?? new GroupOptions(), Processor.Seam, envelopes, new ObserverGuard(observer));
    }

    /// <summary>The ring below, but for its deliveries: <see cref="TryDeliver"/> takes them.</summary>
    public IRing Ring => Processor;

    internal RingProcessor Processor { get; }

    /// <summary>The members of the configuration delivered last have synchronised.</summary>
    public bool IsSynchronized => _layer.IsSynchronized;

    /// <summary>
    /// Members wait for what only deliveries bring about: a ring has ended, or its members synchronise. The host takes
    /// deliveries then even if its application is slow; there are no more of them than two receive windows hold.
    /// </summary>
    public bool MustDeliver => Processor.IsChangeWaiting || !_layer.IsSynchronized;

    /// <summary>Changes whenever the members of some group do. Any thread may look.</summary>
    public long GroupRevision => _layer.Table.Revision;

    /// <summary>Asks to join a group. The membership hears of the group from its own join on.</summary>
    /// <param name="group">The group; it exists as long as somebody is in it.</param>
    /// <param name="pid">The process, for others; a processor may be in a group once for each.</param>
    /// <param name="owner">For the host to find what is its own again.</param>
    /// <param name="now">The time.</param>
    /// <param name="membership">The membership to send and leave with; null unless accepted.</param>
    /// <param name="receives">False for a process that only sends, see <see cref="GroupMembership.Receives"/>.</param>
    /// <exception cref="InvalidOperationException">The process is in the group (see
    /// <see cref="CanJoin"/>), or there are too many.</exception>
    public SubmitResult TryJoin(
        GroupName group, uint pid, object? owner, Instant now, out GroupMembership? membership, bool receives = true)
    {
        ArgumentNullException.ThrowIfNull(group);
        if (!CanJoin(group, pid))
            throw new InvalidOperationException($"process {pid} of this node is in group {group}, or on its way in "
                + "or out");
        if (_layer.Obstacle(group) is { } obstacle)
            throw new InvalidOperationException(obstacle);
        return _layer.TryJoin(group, pid, owner, now, out membership, receives);
    }

    /// <summary>False while this process is in the group, or on its way in or out.</summary>
    public bool CanJoin(GroupName group, uint pid)
    {
        ArgumentNullException.ThrowIfNull(group);
        return _layer.CanJoin(group, pid);
    }

    /// <summary>Asks to leave. Until the leave has taken its place in the order, the membership
    /// hears of the group.</summary>
    public SubmitResult TryLeave(GroupMembership membership, GroupChangeReason reason, Instant now)
    {
        ArgumentNullException.ThrowIfNull(membership);
        if (reason is not (GroupChangeReason.Left or GroupChangeReason.ProcessDown))
        {
            throw new ArgumentOutOfRangeException(
                nameof(reason), $"the reason is {reason}, expected {nameof(GroupChangeReason.Left)} or "
                    + $"{nameof(GroupChangeReason.ProcessDown)}");
        }

        return _layer.TryLeave(membership, reason, now);
    }

    /// <summary>Nothing of the group is to reach this membership any more, from now on.</summary>
    public void Release(GroupMembership membership)
    {
        ArgumentNullException.ThrowIfNull(membership);
        _layer.Release(membership);
    }

    /// <summary>Queues a message to the group; it is copied. Before this member's join has been delivered it is sent
    /// after the join; after a leave it is accepted and dropped.</summary>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="MaxMessageBytes"/>, or the guarantee
    /// is not one of the two.</exception>
    public SubmitResult TrySubmit(
        GroupMembership membership, ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now)
    {
        ArgumentNullException.ThrowIfNull(membership);
        CheckMessage(payload, guarantee);
        return _layer.TrySubmit(membership, payload, guarantee, MessagePart.Whole, 0, now);
    }

    /// <summary>
    /// Queues a part of a message longer than <see cref="MaxMessageBytes"/>. All parts of a message are handed in one
    /// after the other, with no other part of the same membership between them; receivers get the whole.
    /// </summary>
    /// <param name="membership">The membership that sends.</param>
    /// <param name="payload">The part.</param>
    /// <param name="offset">Where in the whole it begins.</param>
    /// <param name="wholeBytes">The length of the whole.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="ArgumentException">The part is longer than <see cref="MaxMessageBytes"/>, or outside the whole;
    /// or the guarantee is not one of the two.</exception>
    public SubmitResult TrySubmitPart(
        GroupMembership membership, ReadOnlySpan<byte> payload, int offset, int wholeBytes, Guarantee guarantee,
        Instant now)
    {
        ArgumentNullException.ThrowIfNull(membership);
        CheckMessage(payload, guarantee);
        if (offset < 0 || wholeBytes - offset < payload.Length)
            throw new ArgumentException($"{payload.Length} bytes from {offset} on, expected to lie in {wholeBytes} "
                + "bytes", nameof(offset));
        var part = payload.Length == wholeBytes ? MessagePart.Whole
            : offset == 0 ? MessagePart.First
            : offset + payload.Length == wholeBytes ? MessagePart.Last
            : MessagePart.Middle;
        return _layer.TrySubmit(membership, payload, guarantee, part, (uint)wholeBytes, now);
    }

    /// <summary>Queues a message of another service of corosync's, with its header: real daemons
    /// read it too. It is copied.</summary>
    public SubmitResult TrySubmitService(ReadOnlySpan<byte> message, Instant now) =>
        _layer.TrySubmitService(message, now);

    /// <summary>Takes the next element of the ordered stream of ring and groups.</summary>
    /// <returns>False when there is nothing to deliver (now).</returns>
    public bool TryDeliver(Instant now, out GroupDelivery delivery)
    {
        if (_layer.TryTake(out delivery))
            return true;
        while (Processor.TryDeliver(out var element))
        {
            if (_layer.Handle(element, now, out delivery) || _layer.TryTake(out delivery))
                return true;
        }

        return false;
    }

    /// <summary>The members of any group, joined or not; sorted, and empty when there is no such group.</summary>
    public IReadOnlyList<GroupMember> MembersOf(GroupName group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return _layer.Table.Find(group.Bytes)?.Members() ?? [];
    }

    /// <summary>Every group that has members, the newest first.</summary>
    public IReadOnlyList<GroupRoster> AllGroups() =>
        [.. _layer.Table.Groups.Where(x => x.Entries.Count > 0).OrderByDescending(x => x.Number)
            .Select(x => new GroupRoster(x.Name, x.Members()))];

    private static void CheckMessage(ReadOnlySpan<byte> payload, Guarantee guarantee)
    {
        if (payload.Length > MaxMessageBytes)
            throw new ArgumentException($"a group message of {payload.Length} bytes, expected at most "
                + $"{MaxMessageBytes}", nameof(payload));
        GuaranteeArgument.Check(guarantee);
    }
}
