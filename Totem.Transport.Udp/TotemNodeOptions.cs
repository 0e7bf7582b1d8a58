using System.Diagnostics.Metrics;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Totem.Core.Diagnostics;
using Totem.Platform.Files;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Embedding;
using Totem.Transport.Udp.Slots;

namespace Totem;

/// <summary>
/// How to run a member. Start with <see cref="Loopback"/> or <see cref="FromCorosyncConf"/> and change what you must
/// with <c>with</c>. Immutable.
/// </summary>
public sealed record TotemNodeOptions
{
    /// <summary>The smallest <see cref="MaxStreamBytes"/> and <see cref="MaxSubmissionBytes"/>: room for the largest
    /// message wherever in its array a queue stands.</summary>
    public const int MinQueueBytes = 2 * (RingOptions.MaxMessageBytes + 256);

    /// <summary>The protocol's numbers, and who this member is. On the loopback <see cref="RingOptions.Self"/> may be
    /// nobody: the free slot decides.</summary>
    public required RingOptions Ring { get; init; }

    /// <summary>The sockets.</summary>
    public required UdpTransportOptions Transport { get; init; }

    /// <summary>The options of the group layer: votes, limits.</summary>
    public GroupOptions Groups { get; init; } = new();

    /// <summary>
    /// Where the ring sequence is kept (corosync's file is taken over); created if it does not exist. A ring id is
    /// unique only because this survives crashes. Null keeps it in memory, which is allowed on the loopback only: a
    /// member that is started again may then repeat the id of a ring that others remember. It must belong to this user,
    /// and only this user may write in it, or root shares it with a group (mode 2770); it is no link. Else the start is
    /// refused.
    /// </summary>
    public string? StateDirectory { get; init; }

    /// <summary>Takes the log. Null logs nothing. Information: configurations; Warning: lost tokens, discarded frames;
    /// Error: the member stopped itself; Debug: transitions.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Makes the meter <c>Totem</c>, such as that of a host's services. Null, the default,
    /// takes one of the process.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>
    /// Takes each message and configuration change on the ring's thread, without a copy; then
    /// <see cref="TotemNode.ReadEventsAsync"/> is not available. Null, the default, queues them for that.
    /// </summary>
    public DeliveryHandler? OnDelivery { get; init; }

    /// <summary>Told on the ring's thread of everything the engine reports, for traces; must be quick. Null for nobody.
    /// Logs and metrics do not need it.</summary>
    public IRingObserver? Observer { get; init; }

    /// <summary>Told on the ring's thread of each processor at whose port nobody listens any more, whether the engine
    /// counted on it or not: whatever process had the port when it was heard last has ended. Behind everything that was
    /// delivered before.</summary>
    public Action<ProcessorId>? OnPortClosed { get; init; }

    /// <summary>
    /// False for an application that does not read the node's own events: none are kept, so it cannot fall behind, and
    /// <see cref="TotemNode.ReadEventsAsync"/> is not available. Groups have their own,
    /// <see cref="GroupJoinOptions.Receives"/>. Default true.
    /// </summary>
    public bool Receives { get; init; } = true;

    /// <summary>
    /// Room for events that the application has not read, in bytes with 48 for each. Default 8 MiB. When less than one
    /// largest message is free, the ring's thread stops delivering: messages stay in the receive window, and in time
    /// the whole ring slows down to the slowest reader. More absorbs longer pauses of the reader.
    /// </summary>
    public int MaxStreamBytes { get; init; } = 8 << 20;

    /// <summary>
    /// When the application has not taken the next frame of messages for so long, it counts as stopped. Default 2 s. If
    /// the others would wait for it, the member says goodbye to them and goes on alone, keeping what was delivered, and
    /// joins them again when the application has caught up. Longer makes them wait longer, up to
    /// <see cref="RingOptions.FailToReceiveTimeout"/>, when they go on by themselves;
    /// <see cref="Timeout.InfiniteTimeSpan"/> leaves it to them.
    /// </summary>
    public TimeSpan StoppedReaderTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Room for messages that the ring's thread has not taken over, in bytes with 16 for
    /// each. Default 4 MiB.</summary>
    public int MaxSubmissionBytes { get; init; } = 4 << 20;

    /// <summary>How many <see cref="TotemNode.MulticastAsync"/> calls may wait for room at once.
    /// Default 65536; one more throws.</summary>
    public int MaxWaitingMulticasts { get; init; } = 65_536;

    /// <summary>How long <see cref="TotemNode.DisposeAsync"/>, <see cref="TotemNode.LeaveAsync"/> and
    /// <see cref="TotemGroup.DisposeAsync"/> wait until every member has everything that was accepted. That takes a few
    /// rotations of the token, and a change of membership longer if there is one just then. Default 10 s. Zero says
    /// goodbye at once.</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How the ring's thread competes for the processor, on Linux. Default <see cref="RingScheduling.RealTime"/>, as
    /// corosync's; without the right to it the member logs what to grant and goes on. On a busy host the token
    /// otherwise queues behind the applications at every member, and healthy members look dead. An
    /// <see cref="OnDelivery"/> handler runs on that thread, and so before all others: it must be quick.
    /// </summary>
    public RingScheduling Scheduling { get; init; } = RingScheduling.RealTime;

    /// <summary>
    /// The member shows itself to `totem status`, and to <see cref="MemberSocket"/>, by a Unix socket that only its
    /// user may connect to. Default true. The environment switches it off too: <c>TOTEM_RUN_DIR=none</c>. Where no
    /// socket can be made, the member logs why and goes on without.
    /// </summary>
    public bool ShowsStatus { get; init; } = true;

    /// <summary>Where that socket lies; created for this user alone if it does not exist. Null, the default, takes
    /// <c>TOTEM_RUN_DIR</c>, else <c>/run/totem</c> for root and <c>$XDG_RUNTIME_DIR/totem</c> for others.</summary>
    public string? RunDirectory { get; init; }

    /// <summary>The bytes that an application may be handed beyond its room, because the protocol must not wait for it.
    /// One change of membership brings two receive windows at most; an application that sleeps through more of them is
    /// given up. 256 MiB but in tests.</summary>
    internal long MaxBeyondRoomBytes { get; init; } = 256 << 20;

    /// <summary>Root shares <see cref="StateDirectory"/> with this group, as a configuration file says.</summary>
    internal uint? StateGroup { get; init; }

    /// <summary>
    /// Tells the transport's options as they are to be, at each reload (<see cref="TotemNode.ReloadAsync"/>,
    /// <c>corosync-cfgtool -R</c>): peers, links, their addresses and timers, cipher, hash and key. It is called on a
    /// thread of its own, and may read files; what it throws is logged, and nothing changes. The configuration file is
    /// read again where there is one; null, the default elsewhere, reads the key file again and nothing else.
    /// </summary>
    public Func<UdpTransportOptions>? Reread { get; init; }

    /// <summary>The lines of a configuration file that have no meaning: logged once as warnings at the start.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];

    /// <summary>Where a configuration file wants the log; null when it does not say. A program that has no
    /// <see cref="LoggerFactory"/> of its own follows it (<see cref="ConfiguredLog"/>).</summary>
    public ConfLogging? ConfiguredLogging { get; init; }

    /// <summary>Where each processor that can be on the ring has its socket, this one's among them: the configured
    /// members, or the slots of the loopback.</summary>
    public IReadOnlyList<UdpPeer> GetPeers() => Transport.Kind == UdpTransportKind.Loopback
        ? LoopbackSlots.Peers(Transport.LoopbackPort, Transport.LoopbackName)
        : Transport.Peers;

    /// <summary>
    /// Several processes of one host, nothing to configure: processes with the same base port find each other. Each
    /// takes the lowest free of 14 slots; slot n is UDP port <paramref name="basePort"/> + n and processor n + 1, at an
    /// address of the loopback that follows from the name.
    /// </summary>
    /// <param name="basePort">The port of slot 0.</param>
    /// <param name="id">1 to 14 asks for one slot, as a member does that is started again; null takes any.</param>
    /// <param name="stateDirectory">Where the ring sequence is kept; null takes a directory of this
    /// user, by base port and name.</param>
    /// <param name="name">Which ring of those with the same port: processes with another name are on another ring. Null
    /// takes the name of this program, so that different programs keep apart; the command <c>totem</c> uses the empty
    /// one.</param>
    public static TotemNodeOptions Loopback(
        int basePort = UdpTransportOptions.DefaultPort, ProcessorId? id = null, string? stateDirectory = null,
        string? name = null) => new()
        {
            // Joins are repeated sooner than on a network: a repeat costs microseconds here, and a membership that has
            // to wait for one should still change within 100 ms of a death.
            // The token timeout is corosync's, not the engine's shorter one: on one host a death shows at its port, so
            // the timeout is only for processes that hang, and a host that is merely busy must not look like one.
            Ring = new RingOptions
            {
                Self = id ?? ProcessorId.None,
                JoinInterval = TimeSpan.FromMilliseconds(15),
                TokenTimeout = TimeSpan.FromSeconds(3),
            },
            Transport = new UdpTransportOptions { Kind = UdpTransportKind.Loopback, LoopbackPort = basePort,
                LoopbackName = name ?? ProgramName() },
            StateDirectory = stateDirectory ?? UserStateDirectory(basePort, name ?? ProgramName()),
        };

    /// <summary>The options that a <c>corosync.conf</c> says. Reads the file and the host's addresses, and may ask the
    /// name service.</summary>
    /// <param name="path">Usually <c>/etc/corosync/corosync.conf</c>.</param>
    /// <param name="self">Which node this is; null finds it by this host's name and addresses.</param>
    /// <param name="stateDirectory">Where the ring sequence is kept; null takes <c>/var/lib/totem</c>.</param>
    /// <exception cref="CorosyncConfException">The file cannot be used; every problem is listed
    /// with file and line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static TotemNodeOptions FromCorosyncConf(
        string path, ProcessorId? self = null, string? stateDirectory = null)
    {
        var conf = CorosyncConf.Load(path, self);
        return new TotemNodeOptions
        {
            Ring = conf.Ring,
            Transport = conf.Transport,
            Groups = conf.Groups,
            Scheduling = conf.Scheduling,
            StateDirectory = stateDirectory ?? "/var/lib/totem",
            StateGroup = conf.StateGroup,
            Notices = conf.Notices,
            ConfiguredLogging = conf.HasLogging ? conf.Logging : null,
            Reread = () => CorosyncConf.Load(path, conf.Ring.Self).Transport,
        };
    }

    /// <summary>The addresses of a member, one for each link.</summary>
    internal IReadOnlyList<IPAddress> AddressesOf(ProcessorId member)
    {
        var lists = Transport.Kind == UdpTransportKind.Knet
            ? Transport.Knet.Complete(Transport.Peers).Select(x => x.Peers)
            : [GetPeers()];
        return [.. lists.SelectMany(x => x).Where(x => x.Id == member).Select(x => x.EndPoint.Address)];
    }

    /// <summary>Every problem of these options at once; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        var loopback = Transport.Kind == UdpTransportKind.Loopback;
        // Nobody is a good answer here: the slot that is free will decide. Any id stands in for the other checks.
        var ring = loopback && Ring.Self.IsNone ? Ring with { Self = new ProcessorId(1) } : Ring;
        // By the keys of a configuration, which are those of the properties.
        List<string> problems = [.. ring.Validate().Select(problem => Below(nameof(Ring), problem)),
            .. Transport.Validate(Ring.Self).Select(problem => Below(nameof(Transport), problem))];
        if (StateDirectory is null && !loopback)
            problems.Add($"{nameof(StateDirectory)} is missing, expected a directory that survives a restart");
        if (!Receives && OnDelivery is not null)
            problems.Add($"{nameof(OnDelivery)} is set beside {nameof(Receives)} = false, expected one of the two");
        if (MaxStreamBytes < MinQueueBytes)
            problems.Add($"{nameof(MaxStreamBytes)} is {MaxStreamBytes}, expected {MinQueueBytes} or more");
        if (MaxSubmissionBytes < MinQueueBytes)
            problems.Add($"{nameof(MaxSubmissionBytes)} is {MaxSubmissionBytes}, expected {MinQueueBytes} or more");
        problems.AddRange(Groups.Validate().Select(problem => Below(nameof(Groups), problem)));
        if (MaxWaitingMulticasts < 1)
            problems.Add($"{nameof(MaxWaitingMulticasts)} is {MaxWaitingMulticasts}, expected 1 or more");
        if ((StoppedReaderTimeout <= TimeSpan.Zero || StoppedReaderTimeout > TimeSpan.FromHours(1))
            && StoppedReaderTimeout != Timeout.InfiniteTimeSpan)
            problems.Add($"{nameof(StoppedReaderTimeout)} is {StoppedReaderTimeout}, expected more than 0 to an hour, "
                + "or infinite");
        if (FlushTimeout < TimeSpan.Zero || FlushTimeout > TimeSpan.FromHours(1))
            problems.Add($"{nameof(FlushTimeout)} is {FlushTimeout}, expected 0 to an hour");
        return problems;
    }

    private static string Below(string section, string problem) =>
        char.IsAsciiLetterUpper(problem[0]) ? $"{section}:{problem}" : problem;

    /// <summary>The address stands for the name, which may have any characters.</summary>
    private static string UserStateDirectory(int basePort, string name) => Path.Combine(
        RuntimeDirectory.Path, name.Length == 0 ? $"loopback-{basePort}"
            : $"loopback-{basePort}-{LoopbackSlots.AddressOf(name)}");

    private static string ProgramName() =>
        Assembly.GetEntryAssembly()?.GetName().Name ?? Path.GetFileNameWithoutExtension(Environment.ProcessPath) ?? "";
}
