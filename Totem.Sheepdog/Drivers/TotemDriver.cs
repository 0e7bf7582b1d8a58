using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Totem.Core.Diagnostics;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;
using Totem.Transport.Udp.Embedding;

namespace Totem.Sheepdog.Drivers;

/// <summary>The ring inside the process: sheep are members of one process group of a Totem ring.</summary>
/// <param name="readsSystemConfiguration">Without an option it takes
/// <c>/etc/corosync/corosync.conf</c> where there is one.</param>
internal sealed class TotemDriver(bool readsSystemConfiguration = false) : SessionDriver, IRingObserver
{
    private TotemDriverOptions? _options;
    private TotemNodeOptions? _nodeOptions;
    private RingDescription? _description;
    private TotemNode? _node;
    private RingSession? _session;
    private long _sendingBytes;

    protected override long SendingBytes => Interlocked.Read(ref _sendingBytes);

    protected override bool CanSend => _session?.Group is not null;

    /// <summary>The ring's member; null before <see cref="Init"/>.</summary>
    internal TotemNode? Node => _node;

    public override void Init(string? option)
    {
        ThrowIfDisposed();
        var options = TotemDriverOptions.Parse(option, readsSystemConfiguration);
        if (_node is { Completion.IsCompleted: false } && options == _options)
            return;
        Stop();
        _nodeOptions = options.NodeOptions() with
        {
            OnDelivery = OnRing,
            OnPortClosed = HandleDead,
            Observer = this,
            LoggerFactory = WritesLog
                ? new DriverLoggerFactory(Log, WritesDetail ? LogLevel.Debug : LogLevel.Information)
                : null,
        };
        var configured = _nodeOptions;
        _options = options;
        try
        {
            _node = Wait(StartAsync(_nodeOptions, options));
            _nodeOptions = _node.Options;
        }
        catch (Exception failure) when (FailureText.IsForeseen(failure))
        {
            throw new ClusterDriverException(FailureText.Of(failure), failure);
        }

        var node = _node;
        _description = new RingDescription(options, configured, _nodeOptions, node.Id);
        Log(ClusterLogLevel.Information, _description.Place);
        Log(ClusterLogLevel.Information, _description.Rules);
        _ = node.Completion.ContinueWith(
            ended =>
            {
                if (_node == node)
                    Reconnect(ended.Exception?.InnerException?.Message ?? "the ring was left");
            },
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    public override void GetLocalAddress(Span<byte> address)
    {
        if (_node is not { } node || _nodeOptions is not { } options)
            throw new ClusterDriverException("no address before the driver was initialised");
        address[..16].Clear();
        if (options.Transport.Kind == UdpTransportKind.Loopback)
        {
            ((ReadOnlySpan<byte>)[127, 0, 0, 1]).CopyTo(address[12..]);
            return;
        }

        var own = options.Transport.Peers.First(x => x.Id == node.Id).EndPoint.Address;
        own.GetAddressBytes().CopyTo(address[(own.AddressFamily == AddressFamily.InterNetwork ? 12 : 0)..]);
    }

    public override void Join(SheepNode self, ReadOnlySpan<byte> opaque)
    {
        ThrowIfDisposed();
        var node = _node ?? throw new InvalidOperationException("not initialised");
        if (_description?.AddressProblem(self) is { } problem)
            Log(ClusterLogLevel.Warning, problem);
        RingSession? before;
        RingSession session;
        lock (Gate)
        {
            before = _session;
            // Every session is somebody else in the group, so that nothing of one before is taken for its own.
            var instance = (uint)Random.Shared.NextInt64(1L << 32);
            _session = session =
                new RingSession(this, new ClusterSession(new PeerId(node.Id.Value, instance), _options!.Session), self);
            Begin(session.Session, self, opaque);
        }

        _ = session.StartAsync(node, _options.Group, instance: session.Session.Self.Instance, before);
    }

    public override string ToString() => _node is { } node
        ? $"{base.ToString()}\n{node}, synchronised {node.IsSynchronized}, last in {node.Synchronized?.Ring}, ended "
            + $"{node.Completion.IsCompleted}, "
            + $"group {(_session?.Group is { } group ? $"{group}" : "not joined yet")}, {node.Statistics}"
        : base.ToString();

    /// <summary>The engine, on the ring's thread: who said goodbye to the ring. It takes nothing
    /// but messages from within this.</summary>
    public void OnEvent(in RingEvent ringEvent)
    {
        if (ringEvent is { Kind: RingEventKind.EnteredGather, Reason: GatherReason.MemberLeft })
            HandleDead(ringEvent.Peer);
    }

    /// <summary>Messages to the ring as a whole are not for sheep; why the ring changed is told
    /// with what follows from it.</summary>
    private void OnRing(in Delivery delivery)
    {
        if (delivery.Change?.Cause is not { Reason: GatherReason.MemberUnreachable or GatherReason.MemberLeft } cause)
            return;
        lock (Gate)
        {
            foreach (var dead in cause.Suspects)
                ClusterSession?.NoteDeath(dead.Value);
        }
    }

    protected override void Close() => Stop();

    protected override void Send(byte[] message)
    {
        Interlocked.Add(ref _sendingBytes, message.Length);
        _ = SendAsync(_session!.Group!, message);
    }

    private async Task SendAsync(TotemGroup group, byte[] message)
    {
        try
        {
            await group.MulticastAsync(message, _options!.Guarantee).ConfigureAwait(false);
        }
        catch (Exception failure)
            when (failure is ObjectDisposedException or RingFailedException or InvalidOperationException)
        {
            // The session is over, which it is told by the end of the node or of the group.
        }
        finally
        {
            Interlocked.Add(ref _sendingBytes, -message.Length);
        }
    }

    /// <summary>On the ring's thread, so that it comes before whatever a later process at the same seat does.</summary>
    private void HandleDead(ProcessorId seat)
    {
        lock (Gate)
        {
            ClusterSession?.HandleDead(seat.Value);
            Drain();
        }
    }

    /// <summary>With a configuration each process of a host takes a slot of it; a multicast group has none.</summary>
    private static Task<TotemNode> StartAsync(TotemNodeOptions node, TotemDriverOptions options) =>
        options.Config is not null && node.Transport.Kind is (UdpTransportKind.Unicast or UdpTransportKind.Knet)
            ? new ProcessSlots(node, options.Processes).StartAsync()
            : TotemNode.StartAsync(node);

    private void Stop()
    {
        var node = _node;
        _node = null;
        lock (Gate)
            _session = null;
        if (node is not null)
            Wait(node.DisposeAsync().AsTask());
    }

    /// <summary>One membership of the group.</summary>
    private sealed class RingSession(TotemDriver driver, ClusterSession session, SheepNode self) : IGroupSink
    {
        public ClusterSession Session => session;

        public TotemGroup? Group { get; private set; }

        // A session that lags ends itself; it never holds up the ring.
        public bool HasRoom => true;

        public async Task StartAsync(TotemNode node, GroupName name, uint instance, RingSession? before)
        {
            try
            {
                if (before?.Group is { } old)
                    await old.DisposeAsync().ConfigureAwait(false);
                // A sheep that joins before it has found its ring meets the others by a merge, and all ask again.
                await node.WaitForMembersAsync(1).ConfigureAwait(false);
                var group = await node.BeginJoinAsync(name, new GroupJoinOptions { Pid = instance, Sink = this })
                    .ConfigureAwait(false);
                lock (driver.Gate)
                {
                    Group = group;
                    if (driver._session == this)
                        driver.Drain();
                }

                await SettleAsync(node).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is ObjectDisposedException or RingFailedException)
            {
                // The node is over, and its end has told the driver.
            }
// Nobody waits for this task: what is not said here is not said at all, and sheep waits for ever.
#pragma warning disable CA1031
            catch (Exception failure)
#pragma warning restore CA1031
            {
                driver.Log(ClusterLogLevel.Error, $"this sheep cannot come into the group '{name}': "
                    + $"{FailureText.Of(failure)}");
            }
        }

        private async Task SettleAsync(TotemNode node)
        {
            var neighbours = new HostNeighbours(driver._nodeOptions!, node.Id);
            // A process that is stopped holds up the ring it is on for one token timeout; one that
            // hangs for good is not waited for.
            var patience = Environment.TickCount64
                + (long)(3 * driver._nodeOptions!.Ring.TokenTimeout).TotalMilliseconds;
            for (Configuration? before = null; IsUnsettled(before) && session.Phase == SessionPhase.Joining;)
            {
                before = node.Installed;
                await Task.Delay(driver._options!.Settle).ConfigureAwait(false);
            }

            // A process that is on this host and not on the ring yet may belong to a ring that is busy forming, and
            // know a cluster.
            bool IsUnsettled(Configuration? before) =>
                before != node.Installed
                    || (Environment.TickCount64 < patience && neighbours.AnyBut(node.Installed!.Members));

            if (session.Phase != SessionPhase.Lost && driver._description is { } description
                && node.Installed is { } installed)
            {
                var (level, text) = description.Attendance(installed.Members, self);
                driver.Log(level, text);
            }

            lock (driver.Gate)
            {
                session.HandleSettled();
                if (driver._session == this)
                    driver.Drain();
            }
        }

        public void OnDelivery(in GroupDelivery delivery)
        {
            lock (driver.Gate)
            {
                if (driver._session != this)
                    return;
                switch (delivery.Kind)
                {
                    case GroupDeliveryKind.Message:
                        session.HandleMessage(PeerOf(delivery.Sender), delivery.Payload);
                        break;
                    case GroupDeliveryKind.Change:
                        session.HandleChange(ChangeOf(delivery.Change!));
                        break;
                    case GroupDeliveryKind.Transitional:
                        session.HandleTransitional([.. delivery.Change!.Members.Select(PeerOf)]);
                        break;
                    default:
                        return;
                }

                driver.Drain();
            }
        }

        private static PeerId PeerOf(GroupMember member) => new(member.Node.Value, member.Pid);

        private static PeerChange ChangeOf(GroupChange change) => new(
            [.. change.Members.Select(PeerOf)],
            [.. change.Left.Select(x =>
                new PeerLeft(PeerOf(x.Member), x.Reason is GroupChangeReason.Left or GroupChangeReason.ProcessDown))],
            [.. change.Joined.Select(x => new PeerJoined(PeerOf(x.Member), x.Reason == GroupChangeReason.NodeUp))]);
    }
}
