namespace Totem;

/// <summary>The kinds of <see cref="GroupEvent"/>.</summary>
public enum GroupEventKind
{
    /// <summary>A message to the group.</summary>
    Message,

    /// <summary>The group has a new membership.</summary>
    Change,

    /// <summary>Some members did not come along to the next configuration; until the next <see cref="Change"/>,
    /// messages reach only those that <see cref="GroupEvent.Change"/> names.</summary>
    Transitional,
}

/// <summary>One element of a group's ordered stream. Immutable, and owned by whoever reads it.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Change">The membership that begins here, or those who came along; null for a message.</param>
/// <param name="Sender">The member that sent the message.</param>
/// <param name="Ring">The ring the message was sent on, or that of the membership.</param>
/// <param name="Guarantee">The guarantee that the sender asked for.</param>
/// <param name="Payload">The bytes of the message: a copy, made on the reader's thread.</param>
/// <param name="Seq">The number of the message on its ring; with <paramref name="Ring"/> and <paramref name="Index"/>
/// its place in the order, the same at every member. Of a message in parts, that of its last part.</param>
/// <param name="Index">Which of the messages that have this number.</param>
public sealed record GroupEvent(
    GroupEventKind Kind, GroupChange? Change, GroupMember Sender, RingId Ring, Guarantee Guarantee,
    ReadOnlyMemory<byte> Payload, Seq Seq = default, int Index = 0)
{
    /// <summary>True for a message.</summary>
    public bool IsMessage => Kind == GroupEventKind.Message;
}

/// <summary>
/// Takes a group's ordered stream on the ring's own thread, without a copy. The token waits meanwhile, so it must be
/// quick and must not block. An exception that it throws stops the node.
/// </summary>
public interface IGroupSink
{
    /// <summary>
    /// Whether it can take another delivery. While it cannot, this node takes none, which in time slows the ring down;
    /// call <see cref="TotemGroup.Resume"/> when there is room again. Asked on the ring's thread after each delivery to
    /// this sink and, once the answer was no, until it is yes. A sink that fills up by itself takes one more delivery.
    /// </summary>
    bool HasRoom { get; }

    /// <summary>
    /// Whether so much waits for its reader that the reader needs the processor more than the ring's thread does. While
    /// a sink says so, the ring's thread does without its real-time priority (<see cref="RingScheduling.RealTime"/>),
    /// which would keep the reader from the cores. Asked on the ring's thread after each delivery to this sink and,
    /// once the answer was yes, until it is no. By default never.
    /// </summary>
    bool IsBehind => false;

    /// <summary>The next element: a message, a change, a transitional signal, or that the members of a configuration
    /// have synchronised. Valid during the call only.</summary>
    void OnDelivery(in GroupDelivery delivery);
}

/// <summary>How to join a group.</summary>
public sealed record GroupJoinOptions
{
    /// <summary>The number that names it in the group; null takes this process's id. A node may be in a group once for
    /// each.</summary>
    public uint? Pid { get; init; }

    /// <summary>
    /// False for a process that only sends: it is in the group, others see it in the membership, and nothing is kept
    /// for it, so it cannot fall behind. Then <see cref="TotemGroup.ReadEventsAsync"/> is not available;
    /// <see cref="TotemGroup.Members"/> is. Default true.
    /// </summary>
    public bool Receives { get; init; } = true;

    /// <summary>Takes the stream on the ring's thread; then <see cref="TotemGroup.ReadEventsAsync"/> is not available.
    /// Null, the default, queues it for that.</summary>
    public IGroupSink? Sink { get; init; }

    /// <summary>Room for events that the application has not read, in bytes. Default 2 MiB, which is also the least.
    /// Memory is taken for what waits, not for what may wait. When less than one largest message is free, the node
    /// stops delivering, and in time the whole ring slows down to the slowest reader.</summary>
    public int MaxStreamBytes { get; init; } = TotemNodeOptions.MinQueueBytes;
}
