using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Totem.Platform.Network;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>Sheep with ZooKeeper servers: the order is a log of znodes, and who is alive is who has a session. After
/// <see cref="Init"/> nothing waits for a server.</summary>
internal sealed class ZooKeeperDriver : SessionDriver, ISessionOwner
{
    /// <summary>Servers take a little less than a MiB in one request; sheep's buffer is half of one.</summary>
    private const int MaxOpaqueBytes = 900_000;

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly HashSet<long> _sessions = [];
    private readonly CancellationTokenSource _over = new();
    private ZooKeeperDriverOptions? _options;

    /// <summary>Connected, and no session in the log uses it yet.</summary>
    private ZooKeeperClient? _fresh;
    private SessionHost? _host;

    /// <summary>A session of this driver's was in the log.</summary>
    private bool _hasArrived;

    public ZooKeeperLimits Limits { get; init; } = new();

    Lock ISessionOwner.Gate => Gate;

    /// <summary>The membership there is.</summary>
    internal ZooKeeperSession? Session => _host?.Session;

    protected override long SendingBytes => _host?.Session.SendingBytes ?? 0;

    protected override bool CanSend => _host is not null;

    public override void Init(string? option)
    {
        ThrowIfDisposed();
        var options = ZooKeeperDriverOptions.Parse(option);
        ZooKeeperClient? old;
        lock (Gate)
        {
            if (_fresh is { State: ZooKeeperState.Connected } && options == _options)
                return;
            old = TakeClient();
            _options = options;
        }

        old?.Dispose();
        var client = Wait(ZooKeeperConnection.OpenAsync(options, options.Timeout, _over.Token));
        lock (Gate)
            _fresh = client;
        Log(
            ClusterLogLevel.Information,
            $"the cluster lives below {options.Root} of the ZooKeeper servers {options.Hosts}; expected in it: every "
                + "sheep with the same servers and path");
    }

    public override void GetLocalAddress(Span<byte> address)
    {
        var client = _host?.Client ?? _fresh
            ?? throw new ClusterDriverException("no address before the driver was initialised");
        var server = client.ConnectedServer();
        // With nothing but the loopback, the cluster is on this host.
        var own = (server is null ? null : RouteTo(server)) ?? InterfaceAddress() ?? IPAddress.Loopback;
        address[..16].Clear();
        own.GetAddressBytes().CopyTo(address[(own.AddressFamily == AddressFamily.InterNetwork ? 12 : 0)..]);
    }

    public override void Join(SheepNode self, ReadOnlySpan<byte> opaque)
    {
        ThrowIfDisposed();
        if (opaque.Length > MaxOpaqueBytes)
            throw new ArgumentException($"an opaque buffer of {opaque.Length} bytes, expected at most {MaxOpaqueBytes}",
                nameof(opaque));
        lock (Gate)
        {
            var client = _fresh ?? throw new InvalidOperationException("not initialised");
            _fresh = null;
            var clusterSession = ClusterSession.OverLog(ZooKeeperPaths.PeerOf(client.SessionId));
            var credentials = client.Credentials();
            if (!_options!.PublishesSession)
                credentials.AsSpan(sizeof(long)).Clear();
            var setup = new SessionSetup(new ZooKeeperPaths(_options.Root), clusterSession.Self, NodeString.Of(self))
            {
                Limits = Limits,
                Credentials = credentials,
                EarlierSessions = new HashSet<long>(_sessions),
                HasArrivedBefore = _hasArrived,
            };
            _host = new SessionHost(this, client, new ZooKeeperSession(clusterSession, setup));
            _sessions.Add(client.SessionId);
            client.Watcher = _host;
            Begin(clusterSession, self, opaque);
            // Events of the client before it had this watcher.
            _host.OnState(client.State);
        }
    }

    void ISessionOwner.OnProgress(SessionHost host)
    {
        if (host != _host)
            return;
        if (ClusterSession!.Phase == SessionPhase.Lost)
        {
            // By itself: sheep lags too far behind, or another process is this node. It says what follows.
            DropHost();
            Retire(host.Client);
        }

        Drain();
    }

    void ISessionOwner.OnEnd(SessionHost host, SessionEnd end)
    {
        if (host != _host)
            return;
        DropHost();
        if (end.IsReplaced)
        {
            Retire(host.Client);
            ClusterSession!.HandleReplaced();
        }
        else
        {
            ClusterSession!.HandleLost(end.Reason, canReconnect: false);
            _ = ReconnectAsync(host.Client, end.Reason);
        }

        Drain();
    }

    protected override void Close()
    {
        _over.Cancel();
        ZooKeeperClient? client;
        lock (Gate)
            client = TakeClient();
        if (client is not null)
        {
            // So that others see at once that it has gone; a server that does not answer must not hold up the end.
#pragma warning disable VSTHRD002
            Task.Run(client.Dispose).Wait(CloseLimit);
#pragma warning restore VSTHRD002
        }

        _over.Dispose();
    }

    protected override void Send(byte[] message) => _host!.Send(message);

    /// <summary>Ends what there is but for the client. Under the gate.</summary>
    private ZooKeeperClient? TakeClient()
    {
        var client = _host?.Client ?? _fresh;
        DropHost();
        _fresh = null;
        return client;
    }

    /// <summary>Ends the session, but not its client. Under the gate.</summary>
    private void DropHost()
    {
        _hasArrived |= _host is { Session.HasArrived: true };
        _host?.Dispose();
        _host = null;
    }

    /// <summary>Elsewhere, since the library may not be told from one of its own threads.</summary>
    private static void Retire(ZooKeeperClient client) =>
        ThreadPool.QueueUserWorkItem(static x => x.Dispose(), client, preferLocal: false);

    /// <summary>Sheep is told when the servers can be reached, so that it need not wait for them.</summary>
    private async Task ReconnectAsync(ZooKeeperClient old, string reason)
    {
        var options = _options!;
        await Task.Run(old.Dispose).ConfigureAwait(false);
        while (!_over.IsCancellationRequested)
        {
            try
            {
                var client = await ZooKeeperConnection.OpenAsync(options, Timeout.InfiniteTimeSpan, _over.Token)
                    .ConfigureAwait(false);
                var isTaken = false;
                lock (Gate)
                {
                    if (!IsDisposed && _host is null && _fresh is null && options == _options)
                        (_fresh, isTaken) = (client, true);
                }

                if (isTaken)
                    Reconnect(reason);
                else
                    client.Dispose();
                return;
            }
            catch (ClusterDriverException)
            {
                await Task.Delay(RetryPause).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static IPAddress? RouteTo(IPEndPoint server)
    {
        try
        {
            // Nothing is sent: the system only chooses the address.
            using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server);
            return socket.LocalEndPoint is IPEndPoint { Address: var own } && !IPAddress.IsLoopback(own) ? own : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Where the system does not list addresses, the one from which the rest of the world would be reached:
    /// documentation's addresses (RFC 5737 and 3849) stand for it.</summary>
    private static IPAddress? InterfaceAddress() => HostAddresses.TryList() is { } list
        ? list.Where(x => x.Interface.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .Select(x => x.Address)
            .FirstOrDefault(x => x.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
                && !IPAddress.IsLoopback(x))
        : RouteTo(new IPEndPoint(new IPAddress([192, 0, 2, 1]), 9))
        ?? RouteTo(new IPEndPoint(IPAddress.Parse("2001:db8::1"), 9));
}
