using Totem.Cpg.Program;

namespace Totem.Cpg.Ring;

/// <summary>The process groups of a <see cref="TotemNode"/>, as libcpg's sessions need them.</summary>
internal sealed class NodeRing : ICpgRing
{
    private static readonly CpgRingView NoRing = new(new CpgRingId(0, 0), []);

    private readonly TotemNode _node;
    private readonly IDisposable? _place;
    private readonly Lock _gate = new();
    private readonly List<ICpgRingSink> _watchers = [];
    private readonly HashSet<GroupName> _joined = [];
    private volatile CpgRingView _current = NoRing;
    private readonly HashSet<Membership> _memberships = [];
    private volatile string? _failure;
    private volatile int _waitingCalls;
    private volatile bool _isEnding;

    /// <remarks>One process, one id: a group is joined once.</remarks>
    /// <param name="node">A member that runs; it belongs to this from now on.</param>
    /// <param name="nodes">The configured nodes.</param>
    /// <param name="place">The hold on this member's place that keeps others away; freed when the member has
    /// ended.</param>
    public NodeRing(TotemNode node, IReadOnlyList<CpgRingNode> nodes, IDisposable? place = null)
    {
        _node = node;
        _place = place;
        Nodes = nodes;
        node.OnSynchronized = Synchronized;
        // The first synchronisation may have been before that.
        if (ReferenceEquals(_current, NoRing) && node.Synchronized is { } configuration)
            _current = ViewOf(configuration);
        _ = node.Completion.ContinueWith(Ended, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public uint LocalNode => _node.Id.Value;

    public bool IsReady => _failure is null && _node.IsSynchronized;

    public string? Failure => _failure;

    public CpgRingView Current => _current;

    public IReadOnlyList<CpgRingNode> Nodes { get; }

    public bool WaitReady(TimeSpan limit)
    {
        if (IsReady || _failure is not null)
            return IsReady;
        using var end = new CancellationTokenSource();
        var waiting = _node.WaitSynchronizedAsync(end.Token);
        // Good or bad: the state says which.
        if (!Blocking.TryWait(waiting, limit))
            end.Cancel();
        _ = waiting.ContinueWith(
            static ended => _ = ended.Exception, CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return IsReady;
    }

    public JoinResult Join(ReadOnlySpan<byte> group, uint pid, ICpgGroupSink sink, out object? token)
    {
        token = null;
        var name = new GroupName(group);
        lock (_gate)
        {
            if (!_joined.Add(name))
                return JoinResult.Exists;
        }

        var membership = new Membership(this, sink);
        try
        {
            using var limit = new CancellationTokenSource(CpgLimits.CallTimeout);
            var options = new GroupJoinOptions { Pid = pid, Sink = membership };
            membership.Group = Blocking.Wait(_node.BeginJoinAsync(name, options, limit.Token));
            token = membership;
            lock (_gate)
                _memberships.Add(membership);
            return JoinResult.Joining;
        }
        catch (OperationCanceledException)
        {
            Forget(name);
            return JoinResult.Leaving;
        }
        catch (InvalidOperationException) when (_failure is null && !_node.Completion.IsCompleted)
        {
            // On the way out of this group still, or there is one member too many: it may work later.
            Forget(name);
            return JoinResult.Leaving;
        }
        catch (Exception exception) when (IsOver(exception))
        {
            return JoinResult.NotRunning;
        }
    }

    public void Leave(object token)
    {
        var membership = (Membership)token;
        membership.HasLeft = true;
        Forget(membership.Group!.Name);
        AwaitOrder(membership.Group.LeaveAsync(), CpgLimits.CallTimeout);
    }

    public void Abandon(object token)
    {
        var membership = (Membership)token;
        // A process that left has freed the name already, and another may have it now.
        if (!membership.HasLeft)
            Forget(membership.Group!.Name);
        membership.IsAbandoned = true;
        lock (_gate)
            _memberships.Remove(membership);
        var leaving = membership.Group!.LeaveAsync(GroupChangeReason.ProcessDown);
        AwaitOrder(leaving, CpgLimits.CallTimeout);
        _ = ReleaseAsync(leaving, membership.Group);
    }

    public void End()
    {
        _isEnding = true;
        AwaitOrder(_node.LeaveAsync(), CpgLimits.CallTimeout);
    }

    public SendResult TryMulticast(object token, ReadOnlySpan<byte> payload, bool safe)
    {
        var result = ((Membership)token).Group!.TryMulticast(payload, safe ? Guarantee.Safe : Guarantee.Agreed);
        return result switch
        {
            SubmitResult.Accepted => SendResult.Accepted,
            SubmitResult.Backpressured => SendResult.Backpressured,
            _ => SendResult.NotRunning,
        };
    }

    public SendResult MulticastLarge(object token, ReadOnlyMemory<byte> payload, bool safe)
    {
        // Between large messages the limit of every handle holds; see HasRoom for what happens meanwhile.
        if (!HaveRoom())
            return SendResult.Backpressured;
        using var limit = new CancellationTokenSource();
        // The payload is the caller's to change again when this returns; a message that has begun is ended all the same.
        var sending = ((Membership)token).Group!.MulticastAsync(payload, safe ? Guarantee.Safe : Guarantee.Agreed, limit.Token).AsTask();
        try
        {
            if (!AwaitOrder(sending, CpgLimits.CallTimeout))
                limit.Cancel();
            // A message that has not begun ends by that at once.
            if (AwaitOrder(sending, CpgLimits.CancelTimeout))
                Blocking.Wait(sending);
            return SendResult.Accepted;
        }
        catch (OperationCanceledException)
        {
            return SendResult.Backpressured;
        }
        catch (ObjectDisposedException) when (!_node.Completion.IsCompleted)
        {
            return SendResult.NotMember;
        }
        catch (Exception exception) when (IsOver(exception))
        {
            return SendResult.NotRunning;
        }
    }

    public IReadOnlyList<CpgAddress> Members(ReadOnlySpan<byte> group)
    {
        if (group.IsEmpty)
            return [];
        var name = new GroupName(group);
        return Ask(limit => _node.GetMembersAsync(name, limit)) is { } members ? [.. members.Select(AddressOf)] : [];
    }

    public IReadOnlyList<CpgGroup> Groups()
        => Ask(_node.GetGroupsAsync) is { } groups
            ? [.. groups.Select(group => new CpgGroup(group.Group.Bytes.ToArray(), [.. group.Members.Select(AddressOf)]))]
            : [];

    public void Watch(ICpgRingSink sink)
    {
        lock (_gate)
            _watchers.Add(sink);
        if (_failure is not null)
            sink.OnFailed();
    }

    public void Unwatch(ICpgRingSink sink)
    {
        lock (_gate)
            _watchers.Remove(sink);
    }

    public void Resume() => _node.Resume();

    public void Dispose() => _ = _node.DisposeAsync().AsTask();

    private static async Task ReleaseAsync(Task leaving, TotemGroup group)
    {
        await leaving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await group.DisposeAsync().ConfigureAwait(false);
    }

    private static CpgAddress AddressOf(GroupMember member) => new(member.Node.Value, member.Pid);

    private static CpgRingView ViewOf(Configuration configuration)
        => new(
            new CpgRingId(configuration.Ring.Representative.Value, configuration.Ring.Sequence),
            [.. configuration.Members.Select(member => member.Value)]);

    private static bool IsOver(Exception exception)
        => exception is ObjectDisposedException or RingFailedException or InvalidOperationException;

    private static T? Ask<T>(Func<CancellationToken, Task<T>> question)
        where T : class
    {
        using var limit = new CancellationTokenSource(CpgLimits.CallTimeout);
        try
        {
            return Blocking.Wait(question(limit.Token));
        }
        catch (Exception exception) when (IsOver(exception) || exception is OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A call waits for the ring, and its thread cannot dispatch meanwhile: so no handle without room holds the ring back.</summary>
    /// <returns>False when the limit came first.</returns>
    private bool AwaitOrder(Task task, TimeSpan limit)
    {
        if (task.IsCompleted)
            return true;
        Interlocked.Increment(ref _waitingCalls);
        try
        {
            Resume();
            return Blocking.TryWait(task, limit);
        }
        finally
        {
            Interlocked.Decrement(ref _waitingCalls);
        }
    }

    private void Synchronized(Configuration configuration)
    {
        var view = ViewOf(configuration);
        _current = view;
        foreach (var watcher in Watchers())
            watcher.OnRing(view);
    }

    private void Ended(Task completion)
    {
        _failure = completion.Exception?.InnerException?.Message ?? "the node has left the ring";
        _place?.Dispose();
        // The end of the process is nothing to complain of, and of one by itself the ring has told.
        if (!_isEnding && completion.Exception is null)
            CpgLog.Error(_failure);
        foreach (var watcher in Watchers())
            watcher.OnFailed();
    }

    private void Forget(GroupName name)
    {
        lock (_gate)
            _joined.Remove(name);
    }

    private bool HaveRoom()
    {
        Membership[] memberships;
        lock (_gate)
            memberships = [.. _memberships];
        return Array.TrueForAll(memberships, membership => membership.HasRoomItself);
    }

    private ICpgRingSink[] Watchers()
    {
        lock (_gate)
            return [.. _watchers];
    }

    /// <summary>A token, and the way of the group's stream to its session.</summary>
    private sealed class Membership(NodeRing ring, ICpgGroupSink sink) : IGroupSink
    {
        private readonly List<CpgGroupStep> _steps = [];

        public TotemGroup? Group { get; set; }

        public bool HasLeft { get; set; }

        /// <summary>The handle is gone: what still comes is for nobody.</summary>
        public bool IsAbandoned { get; set; }

        /// <summary>
        /// A program of one thread cannot dispatch while its large message waits to be taken over, or its leave to be ordered, and the
        /// ring does neither while it is held back. So it is not held back until the call returns, however full the handles become.
        /// </summary>
        public bool HasRoom => IsAbandoned || ring._waitingCalls > 0 || sink.HasRoom;

        public bool IsBehind => !IsAbandoned && sink.IsBehind;

        /// <summary>The same, whether a call waits or not.</summary>
        public bool HasRoomItself => IsAbandoned || sink.HasRoom;

        public void OnDelivery(in GroupDelivery delivery)
        {
            if (IsAbandoned)
                return;
            if (delivery.Kind == GroupDeliveryKind.Message)
            {
                sink.OnMessage(delivery.Sender.Node.Value, delivery.Sender.Pid, delivery.Payload);
            }
            else if (delivery.Kind == GroupDeliveryKind.Change)
            {
                // The first ring a session may be told of is that of its join.
                if (ReferenceEquals(ring._current, NoRing) && ring._node.Synchronized is { } configuration)
                    ring._current = ViewOf(configuration);
                _steps.Clear();
                CpgGroupStep.Split(delivery.Change!, _steps);
                foreach (var step in _steps)
                    sink.OnChange(step.Members, step.Left, step.Joined);
            }
        }
    }
}
