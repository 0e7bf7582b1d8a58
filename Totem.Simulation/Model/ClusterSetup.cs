namespace Totem.Simulation.Model;

/// <summary>The parts of a cluster, before anything happens to it.</summary>
internal sealed record ClusterSetup
{
    /// <summary>Every random decision of the network and the payloads follows from it.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The processors, 2 to 14 of them in the supported range.</summary>
    public required IReadOnlyList<ProcessorId> Processors { get; init; }

    /// <summary>Everybody's options; <see cref="RingOptions.Self"/> is replaced for each.</summary>
    public RingOptions Options { get; init; } = FastOptions;

    /// <summary>Members that send the token last on an accelerated ring: members choose for themselves.</summary>
    public ProcessorSet Plain { get; init; } = ProcessorSet.Empty;

    /// <summary>Members that take no part when the token is to stay where the work is, as an older member
    /// would.</summary>
    public ProcessorSet Restless { get; init; } = ProcessorSet.Empty;

    /// <summary>The content of stable storage at the first start; 0 for those who are not named.</summary>
    public IReadOnlyDictionary<ProcessorId, ulong> Stored { get; init; } = new Dictionary<ProcessorId, ulong>();

    /// <summary>How long a datagram takes at least.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMicroseconds(300);

    /// <summary>How much longer it may take, evenly drawn. More than the latency means reordering.</summary>
    public TimeSpan Jitter { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>How long stable storage needs; a crash before that loses the write.</summary>
    public TimeSpan StoreLatency { get; init; }

    /// <summary>How likely a datagram to a crashed process on a live host is answered by "nobody listens".</summary>
    public double UnreachableRate { get; init; }

    /// <summary>Whether the engines have process groups on top.</summary>
    public bool HasGroups { get; init; }

    /// <summary>With groups: who pretends that somebody on the ring is not ours, and speaks as corosync does.</summary>
    public ProcessorSet Foreign { get; init; } = ProcessorSet.Empty;

    /// <summary>Kronosnet below the rings; null where datagrams go as they are.</summary>
    public KnetClusterSetup? Knet { get; init; }

    /// <summary>Timeouts a tenth of the defaults, so that virtual time is short.</summary>
    public static RingOptions FastOptions { get; } = new()
    {
        Self = new ProcessorId(1),
        TokenTimeout = TimeSpan.FromMilliseconds(100),
        TokenRetransmit = TimeSpan.FromMilliseconds(24),
        TokenHold = TimeSpan.FromMilliseconds(18),
        IdleVisitsBeforeHold = 5,
        // As MaxWindowSize: who wants the token to stay where the work is asks for it.
        TokenPark = TimeSpan.Zero,
        JoinInterval = TimeSpan.FromMilliseconds(5),
        AloneTimeout = TimeSpan.FromMilliseconds(15),
        ConsensusTimeout = TimeSpan.FromMilliseconds(120),
        MergeDetectInterval = TimeSpan.FromMilliseconds(20),
        FailToReceiveTimeout = TimeSpan.FromMilliseconds(400),
        ReceiveWindow = 1024,
        // Scripts that were written down before windows grew play as they did; who wants growth asks for it.
        MaxWindowSize = 0,
        AcceleratedWindow = 0,
    };

    /// <summary>Processors 1 to n.</summary>
    public static IReadOnlyList<ProcessorId> Numbered(int count) =>
        [.. Enumerable.Range(1, count).Select(i => new ProcessorId((uint)i))];
}
