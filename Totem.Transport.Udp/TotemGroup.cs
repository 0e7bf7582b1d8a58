using Totem.Core;
using Totem.Core.Groups;
using Totem.Core.Model;
using Totem.Transport.Udp.Internal;

namespace Totem.Transport.Udp;

/// <summary>
/// A process in a closed group: what it sends reaches the members of the group in the same order, with changes of its membership at
/// the same places. Every member is safe to call from any thread at any time, also after the end.
/// </summary>
/// <example><code>
/// await using var group = await node.JoinAsync("sheepdog");
/// await group.MulticastAsync("hello"u8.ToArray());
/// await foreach (var element in group.ReadEventsAsync())
///     Console.WriteLine(element);
/// </code></example>
public sealed class TotemGroup : IAsyncDisposable
{
    private readonly GroupHost _host;
    private readonly GroupEventStream? _stream;
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile GroupChange? _last;
    private readonly Lock _leaveLock = new();
    private Task? _leaving;
    private int _partsWaiting;
    private bool _isOut;

    internal TotemGroup(GroupHost host, int number, GroupMember self, GroupName name, IGroupSink? sink, GroupEventStream? stream)
    {
        _host = host;
        _stream = stream;
        Number = number;
        Self = self;
        Name = name;
        Sink = sink ?? (IGroupSink?)stream ?? DeafSink.Instance;
    }

    /// <summary>The group.</summary>
    public GroupName Name { get; }

    /// <summary>This process as a member.</summary>
    public GroupMember Self { get; }

    /// <summary>Who is in the group, sorted. A snapshot: events that are not read yet may still belong to the membership before.</summary>
    public IReadOnlyList<GroupMember> Members => _last?.Members ?? [];

    /// <summary>Ends when this process has left the group and every member of the ring has its leave.</summary>
    public Task Completion => _left.Task;

    internal int Number { get; }

    /// <summary>Nobody reads it any more: what comes for it is dropped, and holds nobody back.</summary>
    internal bool IsAbandoned { get; private set; }

    internal IGroupSink Sink { get; }

    /// <summary>Something was delivered that its reader was not woken for yet. The ring's thread.</summary>
    internal bool AwaitsSignal { get; set; }

    /// <summary>Whether it can take another delivery. The ring's thread.</summary>
    internal bool HasRoom => IsAbandoned || Sink.HasRoom;

    internal Task Joined => _joined.Task;

    private bool IsLeaving => Volatile.Read(ref _leaving) is not null;

    /// <summary>Messages and changes of membership in one order, the own join first. One reader at a time. What it does not take in time
    /// slows the ring down (<see cref="GroupJoinOptions.StreamBytesMax"/>). Ends behind the own leave, or with the node.</summary>
    /// <exception cref="InvalidOperationException">A sink takes the deliveries, the process receives nothing, or somebody reads already.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself; thrown behind the last event.</exception>
    public IAsyncEnumerable<GroupEvent> ReadEventsAsync(CancellationToken cancellationToken = default) =>
        _stream?.ReadAsync(cancellationToken)
        ?? throw new InvalidOperationException(Sink is DeafSink
            ? $"this process only sends to {Name}: it joined with {nameof(GroupJoinOptions.Receives)} = false"
            : $"{nameof(GroupJoinOptions.Sink)} takes the deliveries of this group");

    /// <summary>
    /// Multicasts a message to the members of the group, this one included. Completes when it is accepted: it will be multicast
    /// unless the node stops. While the queues are full it waits, first come first served. Messages longer than
    /// <see cref="GroupProcessor.MessageBytesMax"/> travel in parts and arrive whole.
    /// </summary>
    /// <param name="payload">Up to <see cref="GroupOptions.WholeBytesMax"/> bytes; must not change until the task has completed.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="cancellationToken">Gives up waiting; an accepted message is not taken back.</param>
    /// <exception cref="ArgumentException">The payload is too long, or the guarantee is none.</exception>
    /// <exception cref="ObjectDisposedException">This process leaves or has left, or the node has.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself.</exception>
    public ValueTask MulticastAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee = Guarantee.Agreed, CancellationToken cancellationToken = default)
    {
        if (IsLeaving)
            throw new ObjectDisposedException(nameof(TotemGroup), $"process {Self} has left group {Name}, or is on its way out");
        if (payload.Length > _host.WholeBytesMax)
            throw new ArgumentException($"the payload has {payload.Length} bytes, expected at most {_host.WholeBytesMax}", nameof(payload));
        SubmissionQueue.CheckGuarantee(guarantee);
        if (payload.Length > GroupProcessor.MessageBytesMax || Volatile.Read(ref _partsWaiting) > 0)
            return _host.Waits.WatchAsync(MulticastInTurnAsync(payload, guarantee, cancellationToken), nameof(MulticastAsync));
        return _host.Waits.WatchAsync(
            _host.Submissions.AddAsync(new Submission(SubmissionKind.Group, guarantee, Number), payload, cancellationToken), nameof(MulticastAsync));
    }

    /// <summary>Multicasts a message if there is room for it now. The payload is copied.</summary>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="GroupProcessor.MessageBytesMax"/>, or the guarantee is none.</exception>
    public SubmitResult TryMulticast(ReadOnlySpan<byte> payload, Guarantee guarantee = Guarantee.Agreed)
    {
        if (payload.Length > GroupProcessor.MessageBytesMax)
        {
            throw new ArgumentException(
                $"the payload has {payload.Length} bytes, expected at most {GroupProcessor.MessageBytesMax}", nameof(payload));
        }

        SubmissionQueue.CheckGuarantee(guarantee);
        if (IsLeaving)
            return SubmitResult.NotRunning;
        return Volatile.Read(ref _partsWaiting) > 0
            ? SubmitResult.Backpressured
            : _host.Submissions.TryAdd(new Submission(SubmissionKind.Group, guarantee, Number), payload);
    }

    /// <summary>
    /// Leaves the group behind what was multicast. Ends when every member of the ring has the leave and all that came before it, so that
    /// the process may end in whatever way. Until then somebody must read on: the own leave is the last event. <see cref="DisposeAsync"/>
    /// needs nobody.
    /// </summary>
    /// <param name="reason">What the others are told: <see cref="GroupChangeReason.Left"/>, or <see cref="GroupChangeReason.ProcessDown"/>.</param>
    /// <param name="cancellationToken">Gives up waiting; the process leaves all the same.</param>
    /// <exception cref="ArgumentOutOfRangeException">The reason is another.</exception>
    /// <exception cref="InvalidOperationException">A sink waits for it, and would wait for ever.</exception>
    public Task LeaveAsync(GroupChangeReason reason = GroupChangeReason.Left, CancellationToken cancellationToken = default)
    {
        if (reason is not (GroupChangeReason.Left or GroupChangeReason.ProcessDown))
        {
            throw new ArgumentOutOfRangeException(
                nameof(reason), $"the reason is {reason}, expected {nameof(GroupChangeReason.Left)} or {nameof(GroupChangeReason.ProcessDown)}");
        }

        return _host.Waits.WatchAsync(EndLeaveAsync(reason, cancellationToken), nameof(LeaveAsync));
    }

    /// <summary>
    /// Leaves as <see cref="LeaveAsync"/> does, does not throw, except when a sink waits for it, and hears of the group no more from the moment it
    /// is called. Waits no longer than <see cref="TotemNodeOptions.FlushTimeout"/>; what is not over then goes on without anybody waiting for it.
    /// </summary>
    /// <exception cref="InvalidOperationException">A sink waits for it, and stops the thread that leaves.</exception>
    public ValueTask DisposeAsync()
    {
        IsAbandoned = true;
        _host.Wake();
        return new ValueTask(_host.Waits.WatchAsync(EndInTimeAsync(), nameof(DisposeAsync)));

        async Task EndInTimeAsync() => await EndAsync().WaitAsync(_host.LeaveTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The sink has room again.</summary>
    public void Resume() => _host.Wake();

    /// <summary>For people: the group and who is in it.</summary>
    public override string ToString() => $"{Name} {{{string.Join(", ", Members)}}}";

    internal void OnDelivery(in GroupDelivery delivery)
    {
        // A stream ends with the own leave; a sink hears on until the group is disposed of, as clients of libcpg expect.
        if (_stream is not null && _isOut)
            return;
        if (delivery.Kind == GroupDeliveryKind.Change)
            _last = delivery.Change;
        if (!IsAbandoned)
            Sink.OnDelivery(delivery);
        if (delivery.Kind != GroupDeliveryKind.Change)
            return;
        if (!_joined.Task.IsCompleted && delivery.Change!.Members.Contains(Self))
            _joined.TrySetResult();
        if (delivery.Change!.Left.Any(x => x.Member == Self) && !delivery.Change.Members.Contains(Self))
        {
            if (_joined.TrySetException(new InvalidOperationException($"group {Name} has no room for another member")))
                _ = _joined.Task.Exception; // Whoever began to join need not look.
            _isOut = true;
            _stream?.Complete(null);
            _host.EndWhenEverywhere(this);
        }
    }

    /// <summary>Every member has the own leave.</summary>
    internal void EndLeave() => _left.TrySetResult();

    /// <summary>The node is over.</summary>
    internal void Close(Exception reason, Exception? failure)
    {
        // Read once, or a group that nobody waits for would end as an unobserved exception.
        if (_joined.TrySetException(reason))
            _ = _joined.Task.Exception;
        if (failure is null)
            _left.TrySetResult();
        else if (_left.TrySetException(failure))
            _ = _left.Task.Exception;
        _stream?.Complete(failure);
    }

    /// <summary>Wakes its reader. The ring's thread.</summary>
    internal void Signal()
    {
        AwaitsSignal = false;
        _stream?.Signal();
    }

    private async Task EndLeaveAsync(GroupChangeReason reason, CancellationToken cancellationToken)
    {
        await BeginToLeaveAsync(reason).WaitAsync(cancellationToken).ConfigureAwait(false);
        await _left.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task BeginToLeaveAsync(GroupChangeReason reason)
    {
        lock (_leaveLock)
            return _leaving ??= SubmitLeaveAsync(reason);
    }

    private async Task SubmitLeaveAsync(GroupChangeReason reason)
    {
        // A message in parts that has begun is ended first.
        var mustWait = Volatile.Read(ref _partsWaiting) > 0;
        if (mustWait)
            await _host.Parts.WaitAsync().ConfigureAwait(false);
        try
        {
            await _host.Submissions.AddAsync(new Submission(SubmissionKind.Leave, Guarantee.Agreed, Number, (int)reason), default, default)
                .ConfigureAwait(false);
        }
        finally
        {
            if (mustWait)
                _host.Parts.Release();
        }
    }

    private async Task EndAsync()
    {
        await EndLeaveAsync(GroupChangeReason.Left, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _host.ReleaseAsync(this).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async ValueTask MulticastInTurnAsync(ReadOnlyMemory<byte> payload, Guarantee guarantee, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _partsWaiting);
        try
        {
            await _host.Parts.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                if (payload.Length <= GroupProcessor.MessageBytesMax)
                {
                    await _host.Submissions.AddAsync(new Submission(SubmissionKind.Group, guarantee, Number), payload, cancellationToken).ConfigureAwait(false);
                    return;
                }

                for (var offset = 0; offset < payload.Length; offset += GroupProcessor.MessageBytesMax)
                {
                    var part = payload.Slice(offset, Math.Min(GroupProcessor.MessageBytesMax, payload.Length - offset));
                    // Once begun it is ended: half a message would only cost the others memory.
                    await _host.Submissions.AddAsync(
                        new Submission(SubmissionKind.Part, guarantee, Number, offset, payload.Length), part, CancellationToken.None).ConfigureAwait(false);
                }
            }
            finally
            {
                _host.Parts.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _partsWaiting);
        }
    }
}
