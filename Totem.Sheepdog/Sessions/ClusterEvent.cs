using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>An event to be told to sheep.</summary>
internal enum ClusterEventKind
{
    /// <summary><see cref="IClusterEvents.OnJoin"/>; answer with <see cref="ClusterSession.AnswerJoin"/>.</summary>
    Join,

    /// <summary><see cref="IClusterEvents.OnAccept"/>.</summary>
    Accept,

    /// <summary><see cref="IClusterEvents.OnLeave(SheepNode, IReadOnlyList{SheepNode}, LeaveReason)"/>.</summary>
    Leave,

    /// <summary><see cref="IClusterEvents.OnNotify"/>.</summary>
    Notify,

    /// <summary><see cref="IClusterEvents.OnBlock"/>; answer with <see
    /// cref="ClusterSession.AnswerBlock"/>.</summary>
    Block,

    /// <summary><see cref="IClusterEvents.OnUpdateNode"/>.</summary>
    UpdateNode,

    /// <summary><see cref="IClusterEvents.OnReconnect"/>.</summary>
    Reconnect,

    /// <summary><see cref="IClusterEvents.OnFailed"/>.</summary>
    Failed,
}

/// <summary>One thing to be told to sheep. Immutable but for the buffer of a join, which belongs to whoever is
/// told.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Node">The node it is about: joins, is accepted, left, sent, has its turn, described itself
/// anew.</param>
/// <param name="Members">Join: the members without it. Accept, Leave: the members after it.</param>
/// <param name="Bytes">Join, Accept: the buffer in full length. Notify: the message.</param>
internal sealed record ClusterEvent(
    ClusterEventKind Kind,
    SheepNode? Node = null,
    IReadOnlyList<SheepNode>? Members = null,
    Memory<byte> Bytes = default)
{
    private Memory<byte> _bytes = Bytes;

    /// <summary>Join, Accept: the buffer in full length. Notify: the message.</summary>
    public Memory<byte> Bytes
    {
        // Half a MiB of mostly zeros, so not while it waits.
        get => _bytes.IsEmpty && Opaque.Length > 0 ? _bytes = Opaque.Restore() : _bytes;
        init => _bytes = value;
    }

    /// <summary>Failed: why.</summary>
    public string? Reason { get; init; }

    /// <summary>Leave: why.</summary>
    public LeaveReason LeaveReason { get; init; }

    /// <summary>Join: whose request, and which.</summary>
    public PeerId Peer { get; init; }

    /// <summary>Join: how much had happened.</summary>
    public ulong Version { get; init; }

    /// <summary>Join.</summary>
    public uint Attempt { get; init; }

    /// <summary>Block.</summary>
    public ulong Ticket { get; init; }

    /// <summary>Join, Accept: the buffer without its zeros.</summary>
    public Opaque Opaque { get; init; }

    /// <summary>The turn of a request has come.</summary>
    public static ClusterEvent Block(ClusterState state, PeerId self, ulong ticket) =>
        new(ClusterEventKind.Block, state.Find(self)!.Node) { Ticket = ticket };

    /// <summary>The memory that it costs.</summary>
    public long Cost => 256 + _bytes.Length + Opaque.Used.Length;
}
