using System.Collections.Concurrent;
using Totem.Core;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Queues;

namespace Totem.Transport.Udp.Hosting;

/// <summary>The groups this node is in: between any thread and the ring's.</summary>
internal sealed class GroupHost(
    GroupProcessor processor, SubmissionQueue submissions, TotemNodeOptions node, HandlerWaits waits, Action wake)
{
    private readonly ConcurrentQueue<Func<Instant, bool>> _commands = new();
    private readonly Dictionary<int, (HostedGroup Group, GroupMembership Membership)> _memberships = [];
    private readonly List<(HostedGroup Group, RingPosition Leave)> _leaves = [];
    private readonly ConcurrentDictionary<int, HostedGroup> _hosted = new();

    // Of thousands of groups only those that something was delivered to are looked at.
    private readonly List<HostedGroup> _delivered = [];
    private readonly List<HostedGroup> _full = [];
    private readonly List<HostedGroup> _behind = [];
    private readonly Lock _lock = new();
    private int _lastNumber;
    private int _isEmpty = 1;
    private volatile Configuration? _synchronised;
    private Exception? _closed;

    public SubmissionQueue Submissions => submissions;

    /// <summary>One message in parts at a time leaves this node, so that the others can bound what
    /// they keep of it.</summary>
    public SemaphoreSlim Parts { get; } = new(1, 1);

    /// <summary>Some process of this node is in a group. The ring's thread.</summary>
    public bool IsUsed => _isEmpty == 0;

    public int MaxWholeBytes => node.Groups.MaxWholeBytes;

    /// <summary>How long the dispose of a group waits for its leave.</summary>
    public TimeSpan LeaveTimeout => node.FlushTimeout;

    /// <summary>The members of the present configuration have synchronised. Any thread.</summary>
    public bool IsSynchronized => Synchronization.IsSynchronized;

    /// <summary>Those who wait for that.</summary>
    public SynchronizationWatch Synchronization { get; } = new();

    /// <summary>The configuration whose members synchronised last. Any thread.</summary>
    public Configuration? Synchronized => _synchronised;

    /// <summary>Told of each synchronisation, behind the changes that it made in groups. Called on
    /// the ring's thread.</summary>
    public Action<Configuration>? OnSynchronized { get; set; }

    public void Wake() => wake();

    /// <summary>Fails a wait that a handler begins on the ring's own thread: it could never end.</summary>
    public HandlerWaits Waits => waits;

    /// <summary>Any thread.</summary>
    public async Task<HostedGroup> JoinAsync(
        ProcessorId self, GroupName name, GroupJoinOptions options, CancellationToken cancellationToken)
    {
        var group = await BeginJoinAsync(self, name, options, cancellationToken).ConfigureAwait(false);
        try
        {
            await group.Joined.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = group.DisposeAsync().AsTask();
            throw;
        }

        return group;
    }

    /// <summary>Like <see cref="JoinAsync"/>, but ends when the join is on its way.</summary>
    public async Task<HostedGroup> BeginJoinAsync(
        ProcessorId self, GroupName name, GroupJoinOptions options, CancellationToken cancellationToken)
    {
        if (!options.Receives && options.Sink is not null)
            throw new ArgumentException($"{nameof(options.Sink)} is set beside {nameof(options.Receives)} = false, "
                + "expected one of the two", nameof(options));
        if (options is { Sink: null, Receives: true } && options.MaxStreamBytes < TotemNodeOptions.MinQueueBytes)
        {
            throw new ArgumentException(
                $"{nameof(GroupJoinOptions.MaxStreamBytes)} is {options.MaxStreamBytes}, expected "
                    + $"{TotemNodeOptions.MinQueueBytes} or more", nameof(options));
        }

        // Before it is known to the engine: what is begun must be taken back by a leave.
        cancellationToken.ThrowIfCancellationRequested();
        var member = new GroupMember(self, options.Pid ?? (uint)Environment.ProcessId);
        var stream = options is { Sink: null, Receives: true }
            ? new GroupEventStream(options.MaxStreamBytes, wake)
            : null;
        var group = new HostedGroup(this, Interlocked.Increment(ref _lastNumber), member, name, options.Sink, stream);
        var hasBegun = false;
        var beginning = CommandAsync(now => cancellationToken.IsCancellationRequested
            || (hasBegun = TryJoin(group, options.Receives, now)));
        try
        {
            await beginning.WaitAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return group;
        }
        catch (OperationCanceledException)
        {
            _ = LeaveBehindAsync();
            throw;
        }

        // The engine may have taken the join at the same moment.
        async Task LeaveBehindAsync()
        {
            await beginning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (hasBegun)
                await group.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Looks something up on the ring's thread. Any thread but that.</summary>
    public Task<T> AskAsync<T>(Func<GroupProcessor, T> question, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            _ =>
            {
                answer.TrySetResult(question(processor));
                return true;
            },
            exception => answer.TrySetException(exception));
        return answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The groups of this node, in no order. Any thread.</summary>
    public IEnumerable<HostedGroup> Hosted => _hosted.Values;

    /// <summary>Changes whenever somebody joins or leaves a group, here or elsewhere. Any thread.</summary>
    public long Revision => processor.GroupRevision;

    /// <summary>Nothing of the group reaches it any more when this has ended. Any thread.</summary>
    public Task ReleaseAsync(HostedGroup group) => CommandAsync(_ =>
    {
        if (_memberships.Remove(group.Number, out var found))
            processor.Release(found.Membership);
        _hosted.TryRemove(group.Number, out HostedGroup? _);
        _full.Remove(group);
        _behind.Remove(group);
        return true;
    });

    /// <summary>This member's leave of a group has been delivered: its end is told when every member has
    /// it. The ring's thread.</summary>
    public void EndWhenEverywhere(HostedGroup group) => _leaves.Add((group, processor.Ring.LastMulticast));

    /// <summary>Does what other threads asked for, and tells those who have left and can go. The
    /// ring's thread.</summary>
    public void RunCommands(Instant now)
    {
        if (_leaves.Count > 0)
            TellThoseWhoCanGo();
        while (_commands.TryPeek(out var command))
        {
            if (!command(now))
                return;
            _commands.TryDequeue(out _);
        }
    }

    /// <summary>Hands a submission to the engine. The ring's thread.</summary>
    public SubmitResult Submit(in Submission submission, ReadOnlySpan<byte> payload, Instant now)
    {
        if (submission.Kind == SubmissionKind.Ring)
            return processor.Ring.TrySubmit(payload, submission.Guarantee, now);
        if (submission.Kind == SubmissionKind.Service)
            return processor.TrySubmitService(payload, now);
        if (!_memberships.TryGetValue(submission.Group, out var found))
            return SubmitResult.Accepted;
        return submission.Kind switch
        {
            SubmissionKind.Leave => processor.TryLeave(found.Membership, (GroupChangeReason)submission.Offset, now),
            SubmissionKind.Part => processor.TrySubmitPart(
                found.Membership, payload, submission.Offset, submission.WholeBytes, submission.Guarantee, now),
            _ => processor.TrySubmit(found.Membership, payload, submission.Guarantee, now),
        };
    }

    /// <summary>Whether every group can take another delivery. The ring's thread.</summary>
    /// <remarks>A group that could when it was delivered to last still can: only its reader has
    /// been at its queue since.</remarks>
    public bool HasRoom()
    {
        for (var i = _full.Count - 1; i >= 0; i--)
        {
            if (_full[i].HasRoom)
                _full.RemoveAt(i);
        }

        return _full.Count == 0;
    }

    /// <summary>Whether the reader of a group needs the processor more than we do. The ring's thread.</summary>
    public bool IsBehind()
    {
        for (var i = _behind.Count - 1; i >= 0; i--)
        {
            if (!_behind[i].IsBehind)
                _behind.RemoveAt(i);
        }

        return _behind.Count > 0;
    }

    /// <summary>Hands on what concerns groups. The ring's thread.</summary>
    public void Deliver(in GroupDelivery delivery)
    {
        if (delivery.Kind == GroupDeliveryKind.Synchronized)
        {
            _synchronised = delivery.Configuration;
            foreach (var (group, _) in _memberships.Values)
                Deliver(delivery, group);
            OnSynchronized?.Invoke(delivery.Configuration!);
        }

        // Replaced, never changed: whoever is called may leave.
        var receivers = delivery.Receivers;
        for (var i = 0; i < receivers.Count; i++)
            Deliver(delivery, (HostedGroup)receivers[i].Owner!);
    }

    /// <summary>After a burst of deliveries. The ring's thread.</summary>
    public void Signal()
    {
        Synchronization.Update(processor.IsSynchronized);
        foreach (var group in _delivered)
            group.Signal();
        _delivered.Clear();
    }

    /// <summary>The node leaves: so do its processes, and the others are told that they end. The
    /// ring's thread.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isHeard">Deliveries are taken. If not, a leave that was submitted is enough:
    /// its delivery here would never come.</param>
    /// <returns>True when all have left.</returns>
    public bool LeaveAll(Instant now, bool isHeard)
    {
        var all = true;
        foreach (var (_, membership) in _memberships.Values)
        {
            if (membership.State == GroupMembershipState.Left)
                continue;
            processor.TryLeave(membership, GroupChangeReason.ProcessDown, now);
            all &= membership.State == GroupMembershipState.Leaving && !isHeard;
        }

        return all;
    }

    /// <summary>The node is over. The ring's thread.</summary>
    public void Close(Exception reason, Exception? failure)
    {
        lock (_lock)
            _closed = reason;
        RunCommands(default);
        Synchronization.Close(reason);
        foreach (var (group, _) in _memberships.Values)
            group.Close(reason, failure);
    }

    private void Deliver(in GroupDelivery delivery, HostedGroup group)
    {
        group.OnDelivery(delivery);
        if (!group.AwaitsSignal)
            _delivered.Add(group);
        group.AwaitsSignal = true;
        if (!group.HasRoom && !_full.Contains(group))
            _full.Add(group);
        if (group.IsBehind && !_behind.Contains(group))
            _behind.Add(group);
    }

    private void TellThoseWhoCanGo()
    {
        for (var i = _leaves.Count - 1; i >= 0; i--)
        {
            if (!processor.Ring.HasReachedAll(_leaves[i].Leave))
                continue;
            _leaves[i].Group.EndLeave();
            _leaves.RemoveAt(i);
        }
    }

    private Task CommandAsync(Func<Instant, bool> command)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            now =>
            {
                if (!command(now))
                    return false;
                done.TrySetResult();
                return true;
            },
            exception => done.TrySetException(exception));
        return done.Task;
    }

    private void Post(Func<Instant, bool> command, Action<Exception> fail)
    {
        lock (_lock)
        {
            if (_closed is not null)
            {
                fail(_closed);
                return;
            }

            _commands.Enqueue(now =>
            {
                try
                {
                    if (_closed is null)
                        return command(now);
                    fail(_closed);
                }
                catch (InvalidOperationException exception)
                {
                    fail(exception);
                }

                return true;
            });
        }

        wake();
    }

    private bool TryJoin(HostedGroup group, bool receives, Instant now)
    {
        var result = processor.TryJoin(group.Name, group.Self.Pid, group, now, out var membership, receives);
        if (result == SubmitResult.Backpressured)
            return false;
        if (result == SubmitResult.NotRunning)
            throw new InvalidOperationException("the node does not run");
        _memberships.Add(group.Number, (group, membership!));
        _hosted[group.Number] = group;
        _isEmpty = 0;
        return true;
    }
}
