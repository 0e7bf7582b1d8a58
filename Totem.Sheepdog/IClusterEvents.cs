namespace Totem.Sheepdog;

/// <summary>
/// The calls by which a driver tells sheep of the cluster. All calls are made inside
/// <see cref="IClusterDriver.Dispatch"/> or <see cref="IClusterDriver.DispatchOne"/>, on its caller's thread, one after
/// the other; operations may be called from within. All members see the same sequence of accepts, leaves, notifications
/// and updates, each from its own accept on.
/// </summary>
public interface IClusterEvents
{
    /// <summary>
    /// May this node come in? Called on one member, or on the joiner itself when there are no members; again on another
    /// member when the first one dies before the cluster has heard its answer.
    /// </summary>
    /// <param name="joining">The node that asks.</param>
    /// <param name="members">The members, without it; empty when it is the first.</param>
    /// <param name="opaque">The joiner's buffer in its full length. The bytes written into it are those that everybody
    /// gets in <see cref="OnAccept"/>.</param>
    /// <returns>False refuses: the join is forgotten everywhere.</returns>
    bool OnJoin(SheepNode joining, IReadOnlyList<SheepNode> members, Span<byte> opaque);

    /// <summary>A node is a member from here on. The first event of a joiner, but for its own join
    /// request when it is the first.</summary>
    /// <param name="joined">The node.</param>
    /// <param name="members">The members with it, the oldest first.</param>
    /// <param name="opaque">The buffer as the member left it that accepted the node.</param>
    void OnAccept(SheepNode joined, IReadOnlyList<SheepNode> members, ReadOnlySpan<byte> opaque);

    /// <summary>A node is no member any more: it left, died or was cut off. Once for each accept;
    /// on the one that left, too.</summary>
    void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members);

    /// <summary><see cref="OnLeave(SheepNode, IReadOnlyList{SheepNode})"/> for those who want to know why. A driver
    /// calls this one. Members can see different reasons of one leave: only some hear that a process has
    /// ended.</summary>
    void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members, LeaveReason reason) => OnLeave(left, members);

    /// <summary>A message of <see cref="IClusterDriver.Notify"/> or <see cref="IClusterDriver.Unblock"/>.</summary>
    void OnNotify(SheepNode sender, ReadOnlySpan<byte> message);

    /// <summary>It is this node's turn. Nobody else has one until it unblocks.</summary>
    /// <returns>False when it cannot begin yet: it is asked again after the next event.</returns>
    bool OnBlock(SheepNode self);

    /// <summary>A member described itself anew.</summary>
    void OnUpdateNode(SheepNode node);

    /// <summary>
    /// The session is lost, and the cluster can be reached again. Call <see cref="IClusterDriver.Init"/> and
    /// <see cref="IClusterDriver.Join"/>, in here or later.
    /// </summary>
    /// <returns>False when that failed: it is called again after a second.</returns>
    bool OnReconnect();

    /// <summary>The driver is over for good, and will not come back; end the process.</summary>
    void OnFailed(string reason);

    /// <summary>A line for the operator's log (<see cref="IClusterDriver.WritesLog"/>). It goes before events that
    /// wait. Of a loop that does not dispatch, the first thousand are kept.</summary>
    void OnLog(ClusterLogLevel level, string text)
    {
        // A driver that was asked for no log need not know of it.
    }
}
