using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Totem.Hosting;

/// <summary>
/// The application's membership of one group. The host joins it at the start, hands its events to the group's
/// <see cref="IGroupHandler"/>, and leaves it at the stop. A service takes it by
/// <c>[FromKeyedServices("NAME")] GroupService</c>. Every member may be called by any thread.
/// </summary>
public sealed class GroupService : IDisposable
{
    private readonly GroupJoinOptions _options;
    private readonly IGroupHandler? _handler;
    private readonly ILogger<GroupService> _logger;
    private readonly TaskCompletionSource<TotemGroup> _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly OwnMessages _own = new();
    private readonly CancellationTokenSource _stopping = new();
    private TotemGroup? _group;
    private Task _reading = Task.CompletedTask;
    private int _isRead;

    internal GroupService(
        GroupName name, GroupJoinOptions options, IGroupHandler? handler, ILogger<GroupService> logger)
    {
        (Name, _options, _handler, _logger) = (name, options, handler, logger);
    }

    /// <summary>The group.</summary>
    public GroupName Name { get; }

    /// <summary>This process as a member.</summary>
    /// <exception cref="InvalidOperationException">The host has not joined the group yet.</exception>
    public GroupMember Self => Group.Self;

    /// <summary>The members of the group, sorted. A snapshot: events that are not handled yet may still belong to the
    /// membership before.</summary>
    /// <exception cref="InvalidOperationException">The host has not joined the group yet.</exception>
    public IReadOnlyList<GroupMember> Members => Group.Members;

    /// <summary>Waits until the host has joined the group.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="OperationCanceledException">The host stopped before.</exception>
    public Task WaitJoinedAsync(CancellationToken cancellationToken = default) =>
        _joined.Task.WaitAsync(cancellationToken);

    /// <summary>Multicasts a message to the members of the group, this one included. Completes when it is accepted: it
    /// will be multicast unless the node stops. Waits for the join.</summary>
    /// <param name="payload">Up to <see cref="GroupOptions.MaxWholeBytes"/> bytes; must not change until the task has
    /// completed.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="cancellationToken">Gives up waiting; an accepted message is not taken back.</param>
    /// <exception cref="ArgumentException">The payload is too long, or the guarantee is none.</exception>
    /// <exception cref="ObjectDisposedException">The host stops.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself.</exception>
    public async ValueTask MulticastAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee = Guarantee.Agreed,
        CancellationToken cancellationToken = default)
    {
        var handled = await SendAsync(payload, guarantee, null, cancellationToken).ConfigureAwait(false);
        // Nobody waits for it; a failure is told by the reading.
        _ = handled.ContinueWith(
            static x => _ = x.Exception, CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>
    /// Multicasts a message and completes when this member has handled it at its place in the order: then the state
    /// behind the handler has it, and so will that of every other member. With <see cref="Guarantee.Safe"/> every
    /// member of the configuration had it before.
    /// </summary>
    /// <param name="payload">Up to <see cref="GroupOptions.MaxWholeBytes"/> bytes; must not change until the task has
    /// completed.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="cancellationToken">Gives up waiting; an accepted message is not taken back.</param>
    /// <returns>Where the message stands.</returns>
    /// <exception cref="ArgumentException">The payload is too long, or the guarantee is none.</exception>
    /// <exception cref="ObjectDisposedException">The host stops, or stopped before the message came; others may have
    /// it.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself; others may have the message.</exception>
    public async Task<GroupPlace> ReplicateAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee = Guarantee.Agreed,
        CancellationToken cancellationToken = default)
    {
        var activity = TotemActivity.Start(Name, payload.Length, guarantee);
        try
        {
            var handled = await SendAsync(payload, guarantee, activity, cancellationToken).ConfigureAwait(false);
            return await handled.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            activity?.SetStatus(ActivityStatusCode.Error, failure.Message).Dispose();
            throw;
        }
    }

    /// <summary>The events of the group, for an application without a handler. One reader; it begins with this
    /// member's join and ends with its leave.</summary>
    /// <exception cref="InvalidOperationException">A handler takes the events, or somebody reads already.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself; thrown behind the last event.</exception>
    public async IAsyncEnumerable<GroupEvent> ReadEventsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (_handler is not null || Interlocked.Exchange(ref _isRead, 1) == 1)
        {
            throw new InvalidOperationException(
                $"the events of group {Name} have a reader already, expected one: a handler, or one call of "
                + nameof(ReadEventsAsync));
        }

        var group = await _joined.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        await foreach (var element in group.ReadEventsAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return element;
            // The reader has come back for more, so it has handled this one.
            Complete(group, element);
        }

        _own.End(Ended());
    }

    internal async Task StartAsync(
        TotemNode node, Func<Exception, string, Task> fail, CancellationToken cancellationToken)
    {
        var group = await node.JoinAsync(Name, _options, cancellationToken).ConfigureAwait(false);
        Log.Joined(_logger, group.Self, Name);
        if (_handler is not null)
            _reading = HandleAllAsync(group, _handler, fail);
        Volatile.Write(ref _group, group);
        _joined.SetResult(group);
    }

    internal async Task StopAsync()
    {
        _joined.TrySetCanceled(CancellationToken.None);
        if (Volatile.Read(ref _group) is { } group)
            await group.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        _own.End(Ended());
    }

    /// <summary>Frees what waits for nothing any more. The container calls this, behind the stop.</summary>
    public void Dispose()
    {
        _own.Dispose();
        _stopping.Dispose();
    }

    private TotemGroup Group => Volatile.Read(ref _group)
        ?? throw new InvalidOperationException(
            $"the host has not joined group {Name} yet, expected a call after the start or after "
            + nameof(WaitJoinedAsync));

    private async ValueTask<Task<GroupPlace>> SendAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee, Activity? activity, CancellationToken cancellationToken)
    {
        var group = await _joined.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await _own.SendAsync(
            () => group.MulticastAsync(payload, guarantee, cancellationToken), activity, cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task HandleAllAsync(TotemGroup group, IGroupHandler handler, Func<Exception, string, Task> fail)
    {
        try
        {
            await foreach (var element in group.ReadEventsAsync().ConfigureAwait(false))
            {
                await handler.HandleAsync(element, _stopping.Token).ConfigureAwait(false);
                Complete(group, element);
            }

            _own.End(Ended());
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            _own.End(Ended());
        }
        catch (RingFailedException failure)
        {
            // The ring's end is told once, by whoever watches it.
            _own.End(failure);
        }
        catch (Exception failure)
        {
            _own.End(failure);
            // Nobody handles what comes, and what nobody reads would hold up the ring.
            await group.DisposeAsync().ConfigureAwait(false);
            await fail(failure, $"the handler of group {Name} failed").ConfigureAwait(false);
        }
    }

    private void Complete(TotemGroup group, GroupEvent element)
    {
        if (element.IsMessage && element.Sender == group.Self)
            _own.Complete(new GroupPlace(element.Ring, element.Seq, element.Index));
    }

    private ObjectDisposedException Ended() => new($"group {Name}", "this member has left the group");
}
