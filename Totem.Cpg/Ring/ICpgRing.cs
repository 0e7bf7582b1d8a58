using System.Net;

namespace Totem.Cpg.Ring;

/// <summary>
/// The process groups of one ring member, as the sessions of this library need them. Every member
/// may be used by any thread.
/// </summary>
internal interface ICpgRing : IDisposable
{
    /// <summary>The id of this member.</summary>
    uint LocalNode { get; }

    /// <summary>False until the group tables have been synchronised for the first time, and again
    /// while they are.</summary>
    bool IsReady { get; }

    /// <summary>Why the member has stopped by itself; null while it runs.</summary>
    string? Failure { get; }

    /// <summary>The regular configuration of the last synchronisation.</summary>
    CpgRingView Current { get; }

    /// <summary>Every configured node with its address, members or not.</summary>
    IReadOnlyList<CpgRingNode> Nodes { get; }

    /// <summary>Waits until <see cref="IsReady"/>, or <see cref="Failure"/>, or the limit.</summary>
    /// <returns><see cref="IsReady"/>.</returns>
    bool WaitReady(TimeSpan limit);

    /// <summary>
    /// Joins a group. The sink is told from its own join on, which comes first. Returns before that.
    /// </summary>
    /// <param name="group">1 to 128 bytes; zeros are bytes like others.</param>
    /// <param name="pid">With the node's id, the name of the member.</param>
    /// <param name="sink">Told until <see cref="Abandon"/>, also after <see cref="Leave"/>.</param>
    /// <param name="token">The membership, for the calls below.</param>
    JoinResult Join(ReadOnlySpan<byte> group, uint pid, ICpgGroupSink sink, out object? token);

    /// <summary>
    /// Leaves, with reason <see cref="CpgReason.Leave"/>. The sink goes on being told what happens in the group, its
    /// own leave included, until <see cref="Abandon"/>. Returns when every member of the ring has the leave and what
    /// was sent before it, or after <see cref="CpgLimits.CallTimeout"/>. Nobody needs to take deliveries meanwhile.
    /// </summary>
    void Leave(object token);

    /// <summary>Nothing more is said to the sink. A membership that was not left ends with reason
    /// <see cref="CpgReason.ProcessDown"/>, and that is waited for as by <see cref="Leave"/>.</summary>
    void Abandon(object token);

    /// <summary>The process ends: every membership ends with reason <see cref="CpgReason.ProcessDown"/> behind what it
    /// has sent, and the member leaves the ring. Waits as <see cref="Leave"/> does.</summary>
    void End();

    /// <summary>Multicasts up to <see cref="CpgLimits.AtomicMessageBytesMax"/> bytes, if there is
    /// room now. The payload is copied.</summary>
    SendResult TryMulticast(object token, ReadOnlySpan<byte> payload, bool safe);

    /// <summary>Multicasts a message of up to <see cref="CpgLimits.MaxMessageBytes"/> bytes in pieces; waits until all
    /// of it is accepted. Until then the ring is not held back by sinks without room. One that has none at the start is
    /// backpressure.</summary>
    SendResult MulticastLarge(object token, ReadOnlyMemory<byte> payload, bool safe);

    /// <summary>The members of a group as they are known here, by node and process; empty when
    /// there is no such group.</summary>
    IReadOnlyList<CpgAddress> Members(ReadOnlySpan<byte> group);

    /// <summary>All groups, the newest first.</summary>
    IReadOnlyList<CpgGroup> Groups();

    /// <summary>Tells of each new configuration, after the changes that it causes in groups, and of
    /// a failure.</summary>
    void Watch(ICpgRingSink sink);

    /// <summary>Undoes <see cref="Watch"/>.</summary>
    void Unwatch(ICpgRingSink sink);

    /// <summary>A sink that had no room has some again.</summary>
    void Resume();
}

/// <summary>Takes what happens in a group: on the ring's thread, in the order that all members see.
/// Must be quick.</summary>
internal interface ICpgGroupSink
{
    /// <summary>While false, the ring delivers nothing to anybody here: messages stay in the receive window, and in
    /// time all senders wait. <see cref="ICpgRing.Resume"/> ends it, and <see cref="ICpgRing.MulticastLarge"/> suspends
    /// it.</summary>
    bool HasRoom { get; }

    /// <summary>So much waits that the program needs the processor more than the ring's thread does
    /// (<see cref="IGroupSink.IsBehind"/>).</summary>
    bool IsBehind => false;

    /// <summary>A message. The bytes are valid during the call.</summary>
    void OnMessage(uint node, uint pid, ReadOnlySpan<byte> payload);

    /// <summary>A change of the membership.</summary>
    /// <param name="members">The state after it, by node and process, without reasons.</param>
    /// <param name="left">The members that went, with the reason.</param>
    /// <param name="joined">The members that came, with the reason.</param>
    void OnChange(ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined);
}

/// <summary>Takes what happens to the ring: on its thread.</summary>
internal interface ICpgRingSink
{
    /// <summary>A new configuration has been synchronised.</summary>
    void OnRing(CpgRingView ring);

    /// <summary>The member has stopped by itself; nothing follows.</summary>
    void OnFailed();
}

/// <summary>The outcome of a join.</summary>
internal enum JoinResult
{
    /// <summary>It is on its way.</summary>
    Joining,

    /// <summary>This process is a member of the group already.</summary>
    Exists,

    /// <summary>This process has left the group, and that is not delivered yet.</summary>
    Leaving,

    /// <summary>The ring member has stopped.</summary>
    NotRunning,
}

/// <summary>The outcome of a message.</summary>
internal enum SendResult
{
    /// <summary>It will be multicast.</summary>
    Accepted,

    /// <summary>The queues are full, or a synchronisation runs.</summary>
    Backpressured,

    /// <summary>The ring member has stopped.</summary>
    NotRunning,

    /// <summary>The membership is not, or no longer, there.</summary>
    NotMember,

    /// <summary>The group changed between two pieces; receivers drop what they have.</summary>
    Interrupted,
}

/// <summary>A regular configuration.</summary>
internal sealed record CpgRingView(CpgRingId Id, uint[] Members);

/// <summary>A configured node.</summary>
internal sealed record CpgRingNode(uint Id, IPEndPoint EndPoint);

/// <summary>A group and its members, by node and process.</summary>
internal sealed record CpgGroup(byte[] Name, IReadOnlyList<CpgAddress> Members);

/// <summary>The limits of the interface.</summary>
internal static class CpgLimits
{
    /// <summary>The most that one message of the ring carries: 1 MiB less 1 KiB, as corosync says.</summary>
    public const int AtomicMessageBytesMax = (1 << 20) - 1024;

    /// <summary>The largest message that is cut and put together again.</summary>
    public const int MaxMessageBytes = 64 << 20;

    /// <summary>The most that may wait for the application in one handle; beyond it the ring is held back.</summary>
    public const long MaxWaitingBytes = 256L << 20;

    /// <summary>The longest that a call waits for the ring. A rotation of the token is enough as a rule; a change of
    /// membership, which needs a token's timeout and a consensus, fits in.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a call that gives up waits until that is known to all parts.</summary>
    public static readonly TimeSpan CancelTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The room of a caller's member list.</summary>
    public const int ListedMembersMax = 128;

    /// <summary>The most that the system's own vectored calls take.</summary>
    public const int VectorsMax = 1024;
}
