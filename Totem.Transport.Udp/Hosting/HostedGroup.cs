using Totem.Core;
using Totem.Transport.Udp.Queues;

namespace Totem.Transport.Udp.Hosting;

/// <summary>A process in a closed group: what any thread may ask of it, and what the ring's thread tells it.
/// <see cref="TotemGroup"/> says the same to applications.</summary>
internal sealed class HostedGroup
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

    public HostedGroup(
        GroupHost host, int number, GroupMember self, GroupName name, IGroupSink? sink, GroupEventStream? stream)
    {
        _host = host;
        _stream = stream;
        Number = number;
        Self = self;
        Name = name;
        Sink = sink ?? (IGroupSink?)stream ?? DeafSink.Instance;
    }

    public GroupName Name { get; }

    public GroupMember Self { get; }

    public IReadOnlyList<GroupMember> Members => _last?.Members ?? [];

    public Task Completion => _left.Task;

    public int Number { get; }

    /// <summary>Nobody reads it any more: what comes for it is dropped, and holds nobody back.</summary>
    public bool IsAbandoned { get; private set; }

    public IGroupSink Sink { get; }

    /// <summary>Something was delivered that its reader was not woken for yet. The ring's thread.</summary>
    public bool AwaitsSignal { get; set; }

    /// <summary>Whether it can take another delivery. The ring's thread.</summary>
    public bool HasRoom => IsAbandoned || Sink.HasRoom;

    /// <summary>Whether its reader needs the processor more than we do. The ring's thread.</summary>
    public bool IsBehind => !IsAbandoned && Sink.IsBehind;

    public Task Joined => _joined.Task;

    /// <summary>How far its reader lags; null when it has none here, or does not lag. Any thread.</summary>
    public ReaderStatus? Lag => _stream is { UnreadBytes: > 0 and var bytes }
        ? new ReaderStatus(Name.ToString(), bytes, _stream.IsBlocked) : null;

    private bool IsLeaving => Volatile.Read(ref _leaving) is not null;

    public IAsyncEnumerable<GroupEvent> ReadEventsAsync(CancellationToken cancellationToken) =>
        _stream?.ReadAsync(cancellationToken)
        ?? throw new InvalidOperationException(Sink is DeafSink
            ? $"this process only sends to {Name}: it joined with {nameof(GroupJoinOptions.Receives)} = false"
            : $"{nameof(GroupJoinOptions.Sink)} takes the deliveries of this group");

    public ValueTask MulticastAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee, CancellationToken cancellationToken)
    {
        if (IsLeaving)
            throw new ObjectDisposedException(
                nameof(TotemGroup), $"process {Self} has left group {Name}, or is on its way out");
        if (payload.Length > _host.MaxWholeBytes)
            throw new ArgumentException($"the payload has {payload.Length} bytes, expected at most "
                + $"{_host.MaxWholeBytes}", nameof(payload));
        SubmissionQueue.CheckGuarantee(guarantee);
        if (payload.Length > GroupProcessor.MaxMessageBytes || Volatile.Read(ref _partsWaiting) > 0)
            return _host.Waits.WatchAsync(
                MulticastInTurnAsync(payload, guarantee, cancellationToken), nameof(MulticastAsync));
        return _host.Waits.WatchAsync(
            _host.Submissions.AddAsync(new Submission(SubmissionKind.Group, guarantee, Number), payload,
                cancellationToken), nameof(MulticastAsync));
    }

    public SubmitResult TryMulticast(ReadOnlySpan<byte> payload, Guarantee guarantee)
    {
        if (payload.Length > GroupProcessor.MaxMessageBytes)
        {
            throw new ArgumentException(
                $"the payload has {payload.Length} bytes, expected at most {GroupProcessor.MaxMessageBytes}",
                nameof(payload));
        }

        SubmissionQueue.CheckGuarantee(guarantee);
        if (IsLeaving)
            return SubmitResult.NotRunning;
        return Volatile.Read(ref _partsWaiting) > 0
            ? SubmitResult.Backpressured
            : _host.Submissions.TryAdd(new Submission(SubmissionKind.Group, guarantee, Number), payload);
    }

    public Task LeaveAsync(GroupChangeReason reason, CancellationToken cancellationToken)
    {
        if (reason is not (GroupChangeReason.Left or GroupChangeReason.ProcessDown))
        {
            throw new ArgumentOutOfRangeException(
                nameof(reason), $"the reason is {reason}, expected {nameof(GroupChangeReason.Left)} or "
                    + $"{nameof(GroupChangeReason.ProcessDown)}");
        }

        return _host.Waits.WatchAsync(EndLeaveAsync(reason, cancellationToken), nameof(LeaveAsync));
    }

    public ValueTask DisposeAsync()
    {
        IsAbandoned = true;
        _host.Wake();
        return new ValueTask(_host.Waits.WatchAsync(EndInTimeAsync(), nameof(DisposeAsync)));

        async Task EndInTimeAsync() =>
            await EndAsync().WaitAsync(_host.LeaveTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Resume() => _host.Wake();

    public override string ToString() => $"{Name} {{{string.Join(", ", Members)}}}";

    public void OnDelivery(in GroupDelivery delivery)
    {
        // A stream ends with the member's own leave; a sink hears on until the group is disposed of, as
        // clients of libcpg expect.
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
                _ = _joined.Task.Exception; // The caller that began to join need not look.
            _isOut = true;
            _stream?.Complete(null);
            _host.EndWhenEverywhere(this);
        }
    }

    /// <summary>Every member has this member's leave.</summary>
    public void EndLeave() => _left.TrySetResult();

    /// <summary>The node is over.</summary>
    public void Close(Exception reason, Exception? failure)
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
    public void Signal()
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
            await _host.Submissions.AddAsync(
                new Submission(SubmissionKind.Leave, Guarantee.Agreed, Number, (int)reason), default, default)
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
        await EndLeaveAsync(GroupChangeReason.Left, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _host.ReleaseAsync(this).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async ValueTask MulticastInTurnAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _partsWaiting);
        try
        {
            await _host.Parts.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                if (payload.Length <= GroupProcessor.MaxMessageBytes)
                {
                    await _host.Submissions.AddAsync(new Submission(SubmissionKind.Group, guarantee, Number), payload,
                        cancellationToken).ConfigureAwait(false);
                    return;
                }

                for (var offset = 0; offset < payload.Length; offset += GroupProcessor.MaxMessageBytes)
                {
                    var part = payload.Slice(offset, Math.Min(GroupProcessor.MaxMessageBytes, payload.Length - offset));
                    // Once begun it is ended: half a message would only cost the others memory.
                    await _host.Submissions.AddAsync(
                        new Submission(SubmissionKind.Part, guarantee, Number, offset, payload.Length), part,
                        CancellationToken.None).ConfigureAwait(false);
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
