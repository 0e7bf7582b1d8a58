using System.Collections.Concurrent;
using System.Net;
using Totem.Cpg;
using Totem.Cpg.Ring;

namespace Totem.Tests.Cpg;

/// <summary>
/// A ring of one process without a network or a thread: what waits is handled, in order, when a test says so.
/// </summary>
internal sealed class AloneRing : ICpgRing
{
    private const uint Node = 1;

    private readonly BlockingCollection<Action> _ordered = [];
    private readonly List<Membership> _memberships = [];
    private readonly List<CpgGroup> _groups = [];
    private readonly List<ICpgRingSink> _watchers = [];
    private readonly Lock _gate = new();
    private volatile string? _failure;

    public uint LocalNode => Node;

    public bool IsReady { get; set; } = true;

    public string? Failure => _failure;

    public CpgRingView Current { get; private set; } = new(new CpgRingId(Node, 4), [Node]);

    public IReadOnlyList<CpgRingNode> Nodes { get; } =
        [new CpgRingNode(Node, new IPEndPoint(IPAddress.Loopback, 5405))];

    /// <summary>The answers to the next multicasts.</summary>
    public SendResult NextSend { get; set; } = SendResult.Accepted;

    /// <summary>How often sessions said that they have room again.</summary>
    public int ResumeCount { get; private set; }

    public bool WaitReady(TimeSpan limit) => IsReady && Failure is null;

    public JoinResult Join(ReadOnlySpan<byte> group, uint pid, ICpgGroupSink sink, out object? token)
    {
        token = null;
        if (Failure is not null)
            return JoinResult.NotRunning;
        var name = group.ToArray();
        lock (_gate)
        {
            if (_memberships.Find(membership => membership.IsMemberOf(name, pid)) is { } existing)
                return existing.IsLeaving ? JoinResult.Leaving : JoinResult.Exists;
            var joining = new Membership(name, new CpgAddress(Node, pid), sink) { IsListed = true };
            _memberships.Add(joining);
            token = joining;
            _ordered.Add(() => Join(joining));
            return JoinResult.Joining;
        }
    }

    public void Leave(object token) => Part((Membership)token, CpgReason.Leave);

    public void Abandon(object token)
    {
        ((Membership)token).IsAbandoned = true;
        Part((Membership)token, CpgReason.ProcessDown);
    }

    public void End() => Fail("the process ends");

    public SendResult TryMulticast(object token, ReadOnlySpan<byte> payload, bool safe)
    {
        if (NextSend != SendResult.Accepted)
            return NextSend;
        var membership = (Membership)token;
        var copy = payload.ToArray();
        _ordered.Add(() => Tell(membership.Group, sink => sink.OnMessage(Node, membership.Address.Pid, copy)));
        return SendResult.Accepted;
    }

    public SendResult MulticastLarge(object token, ReadOnlyMemory<byte> payload, bool safe) =>
        TryMulticast(token, payload.Span, safe);

    public IReadOnlyList<CpgAddress> Members(ReadOnlySpan<byte> group)
    {
        var name = group.ToArray();
        lock (_gate)
            return _groups.Find(candidate => candidate.Name.AsSpan().SequenceEqual(name))?.Members ?? [];
    }

    public IReadOnlyList<CpgGroup> Groups()
    {
        lock (_gate)
            return [.. _groups];
    }

    public void Watch(ICpgRingSink sink)
    {
        lock (_gate)
            _watchers.Add(sink);
    }

    public void Unwatch(ICpgRingSink sink)
    {
        lock (_gate)
            _watchers.Remove(sink);
    }

    public void Resume() => ResumeCount++;

    /// <summary>Handles what waits, on the caller's thread.</summary>
    public void RunPending()
    {
        while (_ordered.TryTake(out var next))
            next();
    }

    /// <summary>A membership of others, as if their nodes said so.</summary>
    public void InstallRing(CpgRingView ring) => _ordered.Add(() =>
    {
        Current = ring;
        foreach (var watcher in Watchers())
            watcher.OnRing(ring);
    });

    /// <summary>The end, as if the engine had contradicted itself.</summary>
    public void Fail(string reason)
    {
        _failure = reason;
        foreach (var watcher in Watchers())
            watcher.OnFailed();
    }

    public void Dispose() => _ordered.Dispose();

    private ICpgRingSink[] Watchers()
    {
        lock (_gate)
            return [.. _watchers];
    }

    private void Join(Membership joining)
    {
        Change(joining.Group, members =>
            [.. members.Append(joining.Address).OrderBy(member => member.Node).ThenBy(member => member.Pid)]);
        Tell(joining.Group, sink => sink.OnChange(
            [.. Members(joining.Group)], [], [joining.Address with { Reason = CpgReason.Join }]));
    }

    private void Part(Membership leaving, CpgReason reason)
    {
        lock (_gate)
        {
            if (leaving.IsLeaving)
            {
                if (leaving.IsAbandoned)
                    _ordered.TryAdd(() => Forget(leaving));
                return;
            }

            leaving.IsLeaving = true;
        }

        _ordered.Add(() =>
        {
            Change(leaving.Group, members => [.. members.Where(member => member != leaving.Address)]);
            lock (_gate)
                leaving.IsListed = false;
            Tell(leaving.Group, sink => sink.OnChange(
                [.. Members(leaving.Group)], [leaving.Address with { Reason = reason }], []));
            if (leaving.IsAbandoned)
                Forget(leaving);
        });
    }

    private void Forget(Membership gone)
    {
        lock (_gate)
            _memberships.Remove(gone);
    }

    private void Change(byte[] group, Func<IReadOnlyList<CpgAddress>, IReadOnlyList<CpgAddress>> change)
    {
        lock (_gate)
        {
            var index = _groups.FindIndex(candidate => candidate.Name.AsSpan().SequenceEqual(group));
            var members = change(index < 0 ? [] : _groups[index].Members);
            if (index >= 0 && members.Count > 0)
                _groups[index] = new CpgGroup(group, members);
            else if (index >= 0)
                _groups.RemoveAt(index);
            else if (members.Count > 0)
                _groups.Insert(0, new CpgGroup(group, members));
        }
    }

    private void Tell(byte[] group, Action<ICpgGroupSink> tell)
    {
        Membership[] told;
        lock (_gate)
            told = [.. _memberships.Where(membership => !membership.IsAbandoned
                && membership.Group.AsSpan().SequenceEqual(group))];
        foreach (var membership in told)
            tell(membership.Sink);
    }

    private sealed class Membership(byte[] group, CpgAddress address, ICpgGroupSink sink)
    {
        public byte[] Group => group;

        public CpgAddress Address => address;

        public ICpgGroupSink Sink => sink;

        /// <summary>From the join to the delivered leave: nobody else of this process may join meanwhile.</summary>
        public bool IsListed { get; set; }

        public bool IsLeaving { get; set; }

        public bool IsAbandoned { get; set; }

        public bool IsMemberOf(byte[] name, uint pid) =>
            IsListed && address.Pid == pid && group.AsSpan().SequenceEqual(name);
    }
}
