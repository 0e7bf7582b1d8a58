using Totem.Core;
using Totem.Transport.Udp.Hosting;

namespace Totem;

/// <summary>
/// A process in a closed group: what it sends reaches the members of the group in the same order, with changes of its
/// membership at the same places. Every member is safe to call from any thread at any time, also after the end.
/// </summary>
/// <example><code>
/// await using var group = await node.JoinAsync("sheepdog");
/// await group.MulticastAsync("hello"u8.ToArray());
/// await foreach (var element in group.ReadEventsAsync())
///     Console.WriteLine(element);
/// </code></example>
public sealed class TotemGroup : IAsyncDisposable
{
    private readonly HostedGroup _group;

    internal TotemGroup(HostedGroup group) => _group = group;

    /// <summary>The group.</summary>
    public GroupName Name => _group.Name;

    /// <summary>This process as a member.</summary>
    public GroupMember Self => _group.Self;

    /// <summary>The members of the group, sorted. A snapshot: events that are not read yet may still belong to the
    /// membership before.</summary>
    public IReadOnlyList<GroupMember> Members => _group.Members;

    /// <summary>Ends when this process has left the group and every member of the ring has its leave.</summary>
    public Task Completion => _group.Completion;

    /// <summary>Messages and changes of membership in one order, this member's join first. One reader at a time. A
    /// message that it does not take in time slows the ring down (<see cref="GroupJoinOptions.MaxStreamBytes"/>). Ends
    /// behind this member's leave, or with the node.</summary>
    /// <exception cref="InvalidOperationException">A sink takes the deliveries, the process receives nothing, or
    /// somebody reads already.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself; thrown behind the last event.</exception>
    public IAsyncEnumerable<GroupEvent> ReadEventsAsync(CancellationToken cancellationToken = default) =>
        _group.ReadEventsAsync(cancellationToken);

    /// <summary>
    /// Multicasts a message to the members of the group, this one included. Completes when it is accepted: it will be
    /// multicast unless the node stops. While the queues are full it waits, first come first served. Messages longer
    /// than <see cref="GroupProcessor.MaxMessageBytes"/> travel in parts and arrive whole.
    /// </summary>
    /// <param name="payload">Up to <see cref="GroupOptions.MaxWholeBytes"/> bytes; must not change
    /// until the task has completed.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="cancellationToken">Gives up waiting; an accepted message is not taken back.</param>
    /// <exception cref="ArgumentException">The payload is too long, or the guarantee is none.</exception>
    /// <exception cref="ObjectDisposedException">This process leaves or has left, or the node has.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself.</exception>
    public ValueTask MulticastAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee = Guarantee.Agreed,
        CancellationToken cancellationToken = default) =>
        _group.MulticastAsync(payload, guarantee, cancellationToken);

    /// <summary>Multicasts a message if there is room for it now. The payload is copied.</summary>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="GroupProcessor.MaxMessageBytes"/>, or
    /// the guarantee is none.</exception>
    public SubmitResult TryMulticast(ReadOnlySpan<byte> payload, Guarantee guarantee = Guarantee.Agreed) =>
        _group.TryMulticast(payload, guarantee);

    /// <summary>
    /// Leaves the group behind what was multicast. Ends when every member of the ring has the leave and all that came
    /// before it, so that the process may end in whatever way. Until then somebody must read on: its own leave is the
    /// last event. <see cref="DisposeAsync"/> needs nobody.
    /// </summary>
    /// <param name="reason">The reason that the others are told: <see cref="GroupChangeReason.Left"/>, or
    /// <see cref="GroupChangeReason.ProcessDown"/>.</param>
    /// <param name="cancellationToken">Gives up waiting; the process leaves all the same.</param>
    /// <exception cref="ArgumentOutOfRangeException">The reason is another.</exception>
    /// <exception cref="InvalidOperationException">A sink waits for it, and would wait for ever.</exception>
    public Task LeaveAsync(
        GroupChangeReason reason = GroupChangeReason.Left, CancellationToken cancellationToken = default) =>
        _group.LeaveAsync(reason, cancellationToken);

    /// <summary>
    /// Leaves as <see cref="LeaveAsync"/> does, does not throw, except when a sink waits for it, and hears of the group
    /// no more from the moment it is called. Waits no longer than <see cref="TotemNodeOptions.FlushTimeout"/>; what is
    /// not over then goes on without anybody waiting for it.
    /// </summary>
    /// <exception cref="InvalidOperationException">A sink waits for it, and stops the thread that leaves.</exception>
    public ValueTask DisposeAsync() => _group.DisposeAsync();

    /// <summary>The sink has room again.</summary>
    public void Resume() => _group.Resume();

    /// <summary>For people: the group and who is in it.</summary>
    public override string ToString() => _group.ToString();
}
