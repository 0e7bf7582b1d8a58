using Totem.Core.Model;

namespace Totem;

/// <summary>
/// Every number the protocol obeys. Immutable; two members of one ring should agree on the timeouts, and
/// <see cref="ForNodes"/> derives them the way corosync does, so that both can share a ring.
/// </summary>
public sealed record RingOptions
{
    /// <summary>The largest message an application may send: 1 MiB and a little for its own headers. corosync's
    /// receivers abort above 1 MiB + 64 KiB (WIRE §12.7).</summary>
    public const int MaxMessageBytes = (1 << 20) + (16 << 10);

    /// <summary>The most that <see cref="MaxWindowSize"/> may be: what a visit sends must fit the
    /// queue to the host.</summary>
    internal const int WindowSizeLimit = 4096;

    /// <summary>This processor's id; unique in the cluster and the same after a restart. Required.</summary>
    public required ProcessorId Self { get; init; }

    /// <summary>The processors whose frames are heard at all; null hears everybody. A configured node list goes
    /// here.</summary>
    public ProcessorSet? Allowed { get; init; }

    /// <summary>Without a token for this long the ring is taken for broken. Default 1 s. Lower finds failures sooner;
    /// below the longest pause of a healthy process it breaks healthy rings.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromMilliseconds(1000);

    /// <summary>After this long without a sign that the successor has our token it is sent again. Default 238 ms: 4.2
    /// attempts within the token timeout, as corosync. Must be below <see cref="TokenTimeout"/>.</summary>
    public TimeSpan TokenRetransmit { get; init; } = TimeSpan.FromMilliseconds(238);

    /// <summary>How long the token of an idle ring rests before it goes round once. Default 180 ms. Longer saves CPU
    /// when idle; it costs no latency, because whoever has a message asks for the token. Must be below
    /// <see cref="TokenRetransmit"/>.</summary>
    public TimeSpan TokenHold { get; init; } = TimeSpan.FromMilliseconds(180);

    /// <summary>How long the token stays with the only member that sends, so that its messages leave at once, before it
    /// goes round to show that all have them. Default 1 ms; no more than <see cref="TokenHold"/> is used. 0 takes no
    /// part: the token never stays where the work is, and only the representative holds it, as corosync does. A frame
    /// that is lost meanwhile is noticed when it goes round. On a ring with real daemons it is not used
    /// (docs/design/token.md).</summary>
    public TimeSpan TokenPark { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Token visits without a new message before the ring counts as idle. Default 30, as corosync.</summary>
    public int IdleVisitsBeforeHold { get; init; } = 30;

    /// <summary>How often a join message is repeated. Default 50 ms.</summary>
    public TimeSpan JoinInterval { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a processor that hears nobody waits for company before it forms a ring of
    /// one. Default 150 ms.</summary>
    public TimeSpan AloneTimeout { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>A processor that has not agreed to a membership after this long is taken for failed. Default 1.2 s; at
    /// least the join interval, and 1.2 × the token timeout for a corosync ring.</summary>
    public TimeSpan ConsensusTimeout { get; init; } = TimeSpan.FromMilliseconds(1200);

    /// <summary>How often the representative shows itself to other rings. Default 200 ms.</summary>
    public TimeSpan MergeDetectInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A member that holds the ring's aru down at one value for this long is excluded. Default 4 s. It bounds
    /// how long one receiver that cannot keep up may stop everybody.</summary>
    public TimeSpan FailToReceiveTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Messages all members together multicast in one rotation, the global window. Default 50 as corosync; all
    /// members should agree. On a ring of processors of this engine only it is the least, and where it begins
    /// (<see cref="MaxWindowSize"/>).</summary>
    public int WindowSize { get; init; } = 50;

    /// <summary>Messages one member multicasts in one visit of the token, the personal window. Default 17 as corosync.
    /// It grows with the global one (<see cref="MaxWindowSize"/>).</summary>
    public int MaxMessagesPerVisit { get; init; } = 17;

    /// <summary>How far <see cref="WindowSize"/> may grow, and <see cref="MaxMessagesPerVisit"/> with it to half of
    /// that, on a ring of processors of this engine only, while nothing is lost. Default 512; up to
    /// <see cref="WindowSize"/> it does not grow. More keeps long queues moving on fast networks, and needs receive
    /// buffers that hold what all send in a rotation; the UDP transport uses no more than its own would hold. No more
    /// than a quarter of <see cref="ReceiveWindow"/> is used.</summary>
    public int MaxWindowSize { get; init; } = 512;

    /// <summary>How many of the new messages of a visit may follow the token instead of going before it, the
    /// accelerated window, on a ring of processors of this engine only. Default 256, which is all of them with the
    /// other defaults; 0 is the plain ring. Higher lets the successor begin sooner, so that the multicasts of
    /// neighbours overlap; on a busy ring it delays safe delivery by about a rotation, and beyond what receivers can
    /// buffer it costs retransmissions. A visit of a few messages sends them before the token all the same. Each
    /// member's own choice (docs/design/protocol.md, "The accelerated ring").</summary>
    public int AcceleratedWindow { get; init; } = 256;

    /// <summary>The same on a ring with real daemons, or with members of whom it is not known. Default 0, the plain
    /// ring: any number is correct, but their fixed windows leave little to gain.</summary>
    public int AcceleratedWindowBesideDaemons { get; init; }

    /// <summary>corosync's <c>netmtu</c>: frames are kept to this many bytes less 90, and less IP
    /// headers. Default 1500.</summary>
    public int NetMtu { get; init; } = 1500;

    /// <summary>How many message numbers may be in flight or kept for retransmission. Default 16384, corosync's; do not
    /// raise it on a ring with corosync. As many more are kept for an application that lags.</summary>
    public int ReceiveWindow { get; init; } = 16384;

    /// <summary>The most bytes of frames kept for delivery and retransmission. Default 64 MiB.</summary>
    public long MaxReceiveWindowBytes { get; init; } = 64L << 20;

    /// <summary>The most bytes of messages that wait to be sent. Default 8 MiB; at least one
    /// message of the largest size.</summary>
    public int MaxSendQueueBytes { get; init; } = 8 << 20;

    /// <summary>The most messages that wait to be sent. Default 65536.</summary>
    public int MaxSendQueueMessages { get; init; } = 65536;

    /// <summary>
    /// How far numbers may run ahead of what all have said they have, and what a member says ahead of its application:
    /// so much that twice as many frames fit <see cref="MaxReceiveWindowBytes"/>.
    /// </summary>
    internal int FramesAheadMax =>
        (int)Math.Clamp(MaxReceiveWindowBytes / 2 / NetMtu, Math.Min(ReceiveWindow, 4L * WindowSize), ReceiveWindow);

    /// <summary>Tests start close to the wrap of the message number; every member of a ring must
    /// use the same value.</summary>
    internal Seq FirstSeq { get; init; }

    /// <summary>Tests start close to the wrap of the token's hop number.</summary>
    internal TokenSeq FirstTokenSeq { get; init; }

    /// <summary>The timeouts corosync 3.1 derives from <c>totem.token</c> and the number of configured nodes
    /// (WIRE §7).</summary>
    /// <param name="self">This processor.</param>
    /// <param name="nodeCount">Entries of the node list.</param>
    /// <param name="token">The configured token timeout; corosync's default is 3 s.</param>
    /// <param name="tokenCoefficient">The time that each node beyond the second adds; corosync's default is 650
    /// ms.</param>
    public static RingOptions ForNodes(
        ProcessorId self, int nodeCount, TimeSpan? token = null, TimeSpan? tokenCoefficient = null)
    {
        var effective = Math.Floor((token ?? TimeSpan.FromSeconds(3)).TotalMilliseconds
            + Math.Max(0, nodeCount - 2) * (tokenCoefficient ?? TimeSpan.FromMilliseconds(650)).TotalMilliseconds);
        var retransmit = Math.Max(30, Math.Floor(effective / 4.2));
        return new RingOptions
        {
            Self = self,
            TokenTimeout = TimeSpan.FromMilliseconds(effective),
            TokenRetransmit = TimeSpan.FromMilliseconds(retransmit),
            TokenHold = TimeSpan.FromMilliseconds(Math.Max(14, Math.Floor(0.8 * retransmit - 10))),
            ConsensusTimeout = TimeSpan.FromMilliseconds(Math.Floor(1.2 * effective)),
            FailToReceiveTimeout = TimeSpan.FromMilliseconds(4 * effective),
        };
    }

    /// <summary>Every problem of these options at once, relations between them included; empty when
    /// they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        Require(!Self.IsNone, $"{nameof(Self)} is 0, expected a processor id from 1 up");
        Require(
            Allowed is null || Allowed.Contains(Self), $"{nameof(Allowed)} does not contain {nameof(Self)} ({Self})");
        Require(TokenTimeout >= TimeSpan.FromMilliseconds(30), $"{nameof(TokenTimeout)} is {TokenTimeout}, expected 30 "
            + "ms or more");
        Require(TokenTimeout <= TimeSpan.FromHours(1), $"{nameof(TokenTimeout)} is {TokenTimeout}, expected an hour "
            + "or less");
        Require(TokenRetransmit > TimeSpan.Zero && TokenRetransmit < TokenTimeout,
            $"{nameof(TokenRetransmit)} is {TokenRetransmit}, expected more than 0 and less than "
                + $"{nameof(TokenTimeout)} ({TokenTimeout})");
        Require(TokenHold >= TimeSpan.Zero && TokenHold < TokenRetransmit,
            $"{nameof(TokenHold)} is {TokenHold}, expected less than {nameof(TokenRetransmit)} ({TokenRetransmit})");
        Require(TokenPark >= TimeSpan.Zero && TokenPark < TokenRetransmit,
            $"{nameof(TokenPark)} is {TokenPark}, expected less than {nameof(TokenRetransmit)} ({TokenRetransmit})");
        Require(JoinInterval > TimeSpan.Zero, $"{nameof(JoinInterval)} is {JoinInterval}, expected more than 0");
        Require(AloneTimeout >= TimeSpan.Zero && AloneTimeout <= ConsensusTimeout,
            $"{nameof(AloneTimeout)} is {AloneTimeout}, expected at most {nameof(ConsensusTimeout)} "
                + $"({ConsensusTimeout})");
        Require(ConsensusTimeout >= JoinInterval,
            $"{nameof(ConsensusTimeout)} is {ConsensusTimeout}, expected at least {nameof(JoinInterval)} "
                + $"({JoinInterval})");
        Require(MergeDetectInterval > TimeSpan.Zero, $"{nameof(MergeDetectInterval)} is {MergeDetectInterval}, "
            + "expected more than 0");
        Require(FailToReceiveTimeout > TimeSpan.Zero, $"{nameof(FailToReceiveTimeout)} is {FailToReceiveTimeout}, "
            + "expected more than 0");
        Require(
            IdleVisitsBeforeHold >= 1, $"{nameof(IdleVisitsBeforeHold)} is {IdleVisitsBeforeHold}, expected 1 or more");
        Require(WindowSize >= 1 && WindowSize < ReceiveWindow / 2,
            $"{nameof(WindowSize)} is {WindowSize}, expected 1 to half of {nameof(ReceiveWindow)} ({ReceiveWindow})");
        Require(MaxMessagesPerVisit >= 1 && MaxMessagesPerVisit <= WindowSize,
            $"{nameof(MaxMessagesPerVisit)} is {MaxMessagesPerVisit}, expected 1 to {nameof(WindowSize)} "
                + $"({WindowSize})");
        Require(MaxWindowSize is >= 0 and <= WindowSizeLimit, $"{nameof(MaxWindowSize)} is {MaxWindowSize}, expected 0 "
            + $"to {WindowSizeLimit}");
        Require(AcceleratedWindow is >= 0 and <= 1 << 20, $"{nameof(AcceleratedWindow)} is {AcceleratedWindow}, "
            + "expected 0 to 1048576");
        Require(AcceleratedWindowBesideDaemons is >= 0 and <= 1 << 20,
            $"{nameof(AcceleratedWindowBesideDaemons)} is {AcceleratedWindowBesideDaemons}, expected 0 to 1048576");
        Require(NetMtu is >= 576 and <= 65_000, $"{nameof(NetMtu)} is {NetMtu}, expected 576 to 65000");
        Require(ReceiveWindow is >= 64 and <= 1 << 20 && int.IsPow2(ReceiveWindow),
            $"{nameof(ReceiveWindow)} is {ReceiveWindow}, expected a power of two from 64 to 1048576");
        Require(MaxReceiveWindowBytes >= 1 << 20, $"{nameof(MaxReceiveWindowBytes)} is {MaxReceiveWindowBytes}, "
            + "expected 1 MiB or more");
        Require(MaxSendQueueBytes >= MaxMessageBytes + 64,
            $"{nameof(MaxSendQueueBytes)} is {MaxSendQueueBytes}, expected {MaxMessageBytes + 64} or more: one message "
                + "of the largest size");
        Require(
            MaxSendQueueMessages >= 1, $"{nameof(MaxSendQueueMessages)} is {MaxSendQueueMessages}, expected 1 or more");
        return problems;

        void Require(bool holds, string problem)
        {
            if (!holds)
                problems.Add(problem);
        }
    }
}
