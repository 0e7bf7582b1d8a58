using System.Diagnostics;
using System.Globalization;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.CommandLine;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Bench.Peers;

/// <summary>
/// Ordered messages as sheep's driver has them from ZooKeeper: a message is a znode that the server numbers, and
/// everybody reads the znodes in the order of their numbers, waiting for the next one by a watch. Several reads and
/// writes are on their way at a time. After <see cref="StartAsync"/> everything but sending runs on the client
/// library's thread.
/// </summary>
internal sealed class ZooKeeperBus : IOrderedBus, IZooKeeperWatcher
{
    private const string Root = "/bench";

    // Of this node, written or on their way, and not read yet: without a bound the readers fall behind for ever.
    private const int OwnMax = 256;
    private const uint ReadsMax = 64;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private readonly IBusReceiver _receiver;
    private readonly int _server;
    private readonly ZooKeeperPaths _paths = new(Root);
    private ZooKeeperClient _client = null!;
    private int _own;
    private uint _read;
    private uint _asked;
    private uint _end;
    private bool _isLooking;
    private bool _isWatching;
    private volatile bool _isLeaving;

    private ZooKeeperBus(NodeSetup setup, IBusReceiver receiver)
    {
        _receiver = receiver;
        _server = setup.DaemonPid;
        Self = setup.Self;
    }

    /// <inheritdoc />
    public uint Self { get; }

    /// <summary>The server's time counts at the node it runs at.</summary>
    public BusCounters Counters => new(Environment.CpuUsage.TotalTime + ServerTime(), null, 0);

    /// <summary>Connects, and waits until all nodes have.</summary>
    public static async Task<ZooKeeperBus> StartAsync(
        NodeSetup setup, IBusReceiver receiver, CancellationToken cancellationToken)
    {
        var bus = new ZooKeeperBus(setup, receiver);
        var host = setup.Addresses.Length == 0 ? "127.0.0.1" : setup.Addresses[0];
        var options = ZooKeeperDriverOptions.Parse(
            string.Create(CultureInfo.InvariantCulture, $"{host}:{setup.Port}{Root}"));
        bus._client = await ZooKeeperConnection.OpenAsync(options, ConnectLimit, cancellationToken)
            .ConfigureAwait(false);
        bus._client.Watcher = bus;
        var member = bus._paths.Member(setup.Self.ToString(CultureInfo.InvariantCulture));
        await bus._client.WriteAsync(ZooKeeperWrite.Create(member, ReadOnlyMemory<byte>.Empty)).ConfigureAwait(false);
        while ((await bus._client.ChildrenAsync(bus._paths.Members).ConfigureAwait(false)).Names.Length < setup.Nodes)
            await Task.Delay(Retry, cancellationToken).ConfigureAwait(false);
        bus.Look();
        return bus;
    }

    /// <inheritdoc />
    public bool TrySend(ReadOnlySpan<byte> message)
    {
        if (Interlocked.Increment(ref _own) > OwnMax)
        {
            Interlocked.Decrement(ref _own);
            return false;
        }

        _client.Write(
            [ZooKeeperWrite.Create(_paths.NewEntry, message.ToArray(), ZooKeeperMode.PersistentSequential)],
            (code, _) => Expect(code, "a message"));
        return true;
    }

    /// <inheritdoc />
    public void OnState(ZooKeeperState state)
    {
        if (state != ZooKeeperState.Connected)
            Fail($"the session is {state}");
    }

    /// <inheritdoc />
    public void OnWatch(ZooKeeperEvent what, string path)
    {
        if (!_isWatching || ZooKeeperPaths.NumberOf(path) != _end)
            return;
        _isWatching = false;
        _end++;
        Pump();
    }

    private void Pump()
    {
        while (_asked < _end && _asked - _read < ReadsMax)
            _client.Get(_paths.Entry(_asked++), (code, data, _) => Take(code, data));
        if (_asked == _end && !_isLooking && !_isWatching)
            Look();
    }

    // Answers come in the order of the requests, which is that of the numbers.
    private void Take(ZooKeeperCode code, byte[]? data)
    {
        if (!Expect(code, "the next message"))
            return;
        _read++;
        if (MessageHeader.Read(data).Sender == Self)
            Interlocked.Decrement(ref _own);
        _receiver.OnMessage(data);
        Pump();
    }

    private void Look()
    {
        _isLooking = true;
        _client.Exists(_paths.Entry(_end), isWatched: true, (code, _) =>
        {
            _isLooking = false;
            _isWatching = code == ZooKeeperCode.NoNode;
            if (!_isWatching && Expect(code, "whether there is a next message"))
                Measure();
        });
    }

    // How far the queue goes.
    private void Measure()
    {
        _isLooking = true;
        _client.Exists(_paths.Queue, isWatched: false, (code, stat) =>
        {
            _isLooking = false;
            if (!Expect(code, "the queue"))
                return;
            _end = Math.Max(_end, stat.CreatedCount);
            Pump();
        });
    }

    private bool Expect(ZooKeeperCode code, string what)
    {
        if (code != ZooKeeperCode.Ok)
            Fail($"{what}: {code}");
        return code == ZooKeeperCode.Ok;
    }

    // The parent reads this when it misses us.
    private void Fail(string problem)
    {
        if (_isLeaving)
            return;
        Console.Error.WriteLine($"ZooKeeper: {problem}");
        Environment.Exit(ExitCode.Environment);
    }

    private TimeSpan ServerTime()
    {
        if (_server == 0)
            return TimeSpan.Zero;
        using var server = Process.GetProcessById(_server);
        return server.TotalProcessorTime;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _isLeaving = true;
        _client.Dispose();
        return ValueTask.CompletedTask;
    }
}
