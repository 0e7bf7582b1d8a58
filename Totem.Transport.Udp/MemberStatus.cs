using Totem.Core.Model;
using Totem.Transport.Udp.Operation;

namespace Totem;

/// <summary>Whether somebody should look at a member.</summary>
public enum MemberHealth
{
    /// <summary>It carries messages, and nothing is amiss.</summary>
    Healthy,

    /// <summary>Something is amiss: <see cref="MemberStatus.Problems"/> has it.</summary>
    Degraded,
}

/// <summary>Something that somebody should look at.</summary>
public enum StatusProblemKind
{
    /// <summary>The member looks for a ring, and so carries no messages.</summary>
    NotOperational,

    /// <summary>Configured members are not on the ring.</summary>
    MembersMissing,

    /// <summary>A reader of this member's events does not keep up, and the ring waits for it or goes on without it.
    /// </summary>
    ReaderBehind,

    /// <summary>The membership has changed three times or more within the last minute.</summary>
    Restless,

    /// <summary>The ring sequence could not be stored: the disk wants looking after before a restart.</summary>
    SequenceNotStored,
}

/// <summary>A problem and its words.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">For people.</param>
public sealed record StatusProblem(StatusProblemKind Kind, string Text);

/// <summary>A member of the ring, or one that is configured and is not there.</summary>
/// <param name="Node">Its id.</param>
/// <param name="Address">Where it has its socket.</param>
/// <param name="IsMember">It is on the ring.</param>
/// <param name="LastHeard">How long ago a datagram came from its address; null when none ever did, and for the member
/// itself.</param>
public sealed record PeerStatus(ProcessorId Node, string Address, bool IsMember, TimeSpan? LastHeard);

/// <summary>A group and its processes.</summary>
/// <param name="Name">Its name, as <see cref="GroupName"/> writes it.</param>
/// <param name="Members">Its processes.</param>
public sealed record GroupStatus(string Name, IReadOnlyList<GroupProcess> Members);

/// <summary>A process in a group.</summary>
/// <param name="Node">The member that it is on.</param>
/// <param name="Pid">Its number.</param>
public sealed record GroupProcess(ProcessorId Node, uint Pid);

/// <summary>A reader of a member's events.</summary>
/// <param name="Name">The group that it reads; empty for the ring's own events.</param>
/// <param name="UnreadBytes">The bytes that wait for it.</param>
/// <param name="IsBehind">It has no room, and the ring waits for it.</param>
public sealed record ReaderStatus(string Name, long UnreadBytes, bool IsBehind);

/// <summary>How long the token takes to come round, over the last rotations.</summary>
/// <param name="Count">How many rotations these figures are of, 1024 at most.</param>
/// <param name="Median">Half of them were shorter.</param>
/// <param name="P99">99 of a hundred were shorter.</param>
/// <param name="Longest">The longest.</param>
public sealed record RotationStatus(int Count, TimeSpan Median, TimeSpan P99, TimeSpan Longest);

/// <summary>A member at one moment, as it shows itself to those who ask: <see cref="TotemNode.GetStatusAsync"/>, and
/// the socket of <see cref="MemberSocket"/>. Each figure is exact; together they may be a few datagrams
/// apart.</summary>
public sealed record MemberStatus
{
    /// <summary>The version of this format: 1. Fields are never renamed; new ones may come.</summary>
    public int Version { get; init; } = StatusProtocol.Version;

    /// <summary>The member's id.</summary>
    public required ProcessorId Node { get; init; }

    /// <summary>Its process.</summary>
    public required int Pid { get; init; }

    /// <summary>The program that runs it.</summary>
    public required string Program { get; init; }

    /// <summary>Its host's name.</summary>
    public required string Host { get; init; }

    /// <summary>The address that its sockets are bound to.</summary>
    public required string Address { get; init; }

    /// <summary>How it reaches the others.</summary>
    public required UdpTransportKind Transport { get; init; }

    /// <summary>The cluster's name; empty when it has none.</summary>
    public string Cluster { get; init; } = "";

    /// <summary>Its host's clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>The state of the protocol.</summary>
    public required RingPhase Phase { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Whether somebody should look at it.</summary>
    public required MemberHealth Health { get; init; }

    /// <summary>Why; empty when it is healthy.</summary>
    public IReadOnlyList<StatusProblem> Problems { get; init; } = [];

    /// <summary>Its ring; null before the first.</summary>
    public RingId? Ring { get; init; }

    /// <summary>The members of the ring, and those that are configured.</summary>
    public IReadOnlyList<PeerStatus> Peers { get; init; } = [];

    /// <summary>How many are on the ring.</summary>
    public int MemberCount { get; init; }

    /// <summary>How many are configured; null on the loopback, where anybody may come.</summary>
    public int? ExpectedCount { get; init; }

    /// <summary>More than half of those that are configured are on the ring; null where nobody is.</summary>
    public bool? IsMajority { get; init; }

    /// <summary>The members have agreed on who is in which group.</summary>
    public bool IsSynchronized { get; init; }

    /// <summary>Every group on the ring; null when the ring's thread did not answer in time.</summary>
    public IReadOnlyList<GroupStatus>? Groups { get; init; }

    /// <summary>Those that read this member's events and lag, the worst first, 64 at most.</summary>
    public IReadOnlyList<ReaderStatus> Readers { get; init; } = [];

    /// <summary>The token's rotations.</summary>
    public required RotationStatus Rotation { get; init; }

    /// <summary>New frames that all members together may send in a rotation.</summary>
    public long Window { get; init; }

    /// <summary>Messages that wait for the token here.</summary>
    public long Backlog { get; init; }

    /// <summary>The counts since the start.</summary>
    public required NodeStatistics Statistics { get; init; }

    /// <summary>How many changes of membership there were.</summary>
    public long ChangeCount { get; init; }

    /// <summary>The last of them; null before the first.</summary>
    public ChangeRecord? LastChange { get; init; }
}
