using System.Globalization;
using System.Net;
using Totem.Bench.Load;
using Totem.Bench.Processes;
using Totem.Core.Groups;

namespace Totem.Bench.Peers;

/// <summary>A member of a ring of ours, used the way an application uses it.</summary>
internal sealed class TotemBus : IOrderedBus, IGroupSink
{
    private const string GroupName = "bench";

    /// <summary>A setting of the bench, not of the engine: so many groups are merely there, joined
    /// by every node.</summary>
    private const string JoinedGroups = "JoinedGroups=";
    private const int JoinsAtOnce = 64;

    private const string MulticastGroup = "239.192.77.1";

    // Rotations of up to twice this are looked for awake: every one of a ring that can poll at all.
    private static readonly TimeSpan BusyPoll = TimeSpan.FromMilliseconds(10);

    private readonly IBusReceiver _receiver;
    private readonly Guarantee _guarantee;
    private TotemNode _node = null!;
    private TotemGroup? _group;
    private Task _reading = Task.CompletedTask;

    private TotemBus(NodeSetup setup, IBusReceiver receiver)
    {
        _receiver = receiver;
        Self = setup.Self;
        _guarantee = setup.IsSafe ? Guarantee.Safe : Guarantee.Agreed;
        Pace = setup.Api == "stream" ? new ReadPace(setup.ReadPerSecond) : null;
    }

    /// <inheritdoc />
    public uint Self { get; }

    /// <inheritdoc />
    public bool HasRoom => true;

    /// <inheritdoc />
    public int Members => _node.Installed?.Members.Count ?? 0;

    /// <inheritdoc />
    public ReadPace? Pace { get; }

    /// <inheritdoc />
    public BusCounters Counters
    {
        get
        {
            var statistics = _node.Statistics;
            return new BusCounters(
                Environment.CpuUsage.TotalTime, statistics.MessagesRetransmitted, statistics.ConfigurationChanges);
        }
    }

    /// <summary>Starts the member and waits until all are there.</summary>
    public static async Task<TotemBus> StartAsync(
        NodeSetup setup, IBusReceiver receiver, CancellationToken cancellationToken)
    {
        var bus = new TotemBus(setup, receiver);
        var options = OptionsFor(setup);
        if (setup.Api == "handler")
            options = options with { OnDelivery = bus.OnDelivery };
        bus._node = await TotemNode.StartAsync(options, cancellationToken).ConfigureAwait(false);
        await bus._node.WaitForMembersAsync(setup.Nodes, cancellationToken).ConfigureAwait(false);
        if (setup.Api == "stream")
            bus._reading = Task.Run(bus.ReadAsync, cancellationToken);
        if (setup.Api == "group")
            await bus.JoinAsync(setup, cancellationToken).ConfigureAwait(false);
        return bus;
    }

    /// <inheritdoc />
    public bool TrySend(ReadOnlySpan<byte> message) => (_group is null
        ? _node.TryMulticast(message, _guarantee)
        : _group.TryMulticast(message, _guarantee)) switch
    {
        SubmitResult.Accepted => true,
        SubmitResult.Backpressured => false,
        var result => throw new InvalidOperationException($"the ring takes no message: {result}"),
    };

    /// <inheritdoc />
    public void OnDelivery(in GroupDelivery delivery)
    {
        if (delivery.Kind == GroupDeliveryKind.Message)
            _receiver.OnMessage(delivery.Payload);
        else if (delivery.Kind == GroupDeliveryKind.Synchronized)
            _receiver.OnConfiguration(delivery.Configuration!.Ring.ToString());
    }

    private void OnDelivery(in Delivery delivery)
    {
        if (delivery.Change is not { } change)
            _receiver.OnMessage(delivery.Payload);
        else
            Tell(change);
    }

    private void Tell(ConfigurationChange change)
    {
        if (change.Configuration.Kind == ConfigurationKind.Regular)
            _receiver.OnConfiguration(change.Configuration.Ring.ToString());
    }

    private async Task ReadAsync()
    {
        await foreach (var element in _node.ReadEventsAsync().ConfigureAwait(false))
        {
            Pace!.Await();
            if (element.IsMessage)
                _receiver.OnMessage(element.Payload.Span);
            else if (element.Change is { } change)
                Tell(change);
        }
    }

    private async Task JoinAsync(NodeSetup setup, CancellationToken cancellationToken)
    {
        var others = setup.Settings.FirstOrDefault(x =>
            x.StartsWith(JoinedGroups, StringComparison.Ordinal))?[JoinedGroups.Length..];
        var names = Enumerable.Range(0, int.Parse(others ?? "0", NumberStyles.None, CultureInfo.InvariantCulture))
            .Select(x => string.Create(CultureInfo.InvariantCulture, $"other {x}"));
        foreach (var some in names.Chunk(JoinsAtOnce))
            await Task.WhenAll(some.Select(x => _node.JoinAsync(x, cancellationToken: cancellationToken)))
                .ConfigureAwait(false);
        _group = await _node.JoinAsync(GroupName, new GroupJoinOptions { Sink = this }, cancellationToken)
            .ConfigureAwait(false);
        while (_group.Members.Count < setup.Nodes)
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken).ConfigureAwait(false);
    }

    private static UdpTransportKind KindOf(string transport) => transport switch
    {
        "udp" => UdpTransportKind.Multicast,
        "udpu" => UdpTransportKind.Unicast,
        _ => UdpTransportKind.Knet,
    };

    private static TotemNodeOptions OptionsFor(NodeSetup setup)
    {
        var self = new ProcessorId(setup.Self);
        var options = setup.Addresses.Length == 0
            ? TotemNodeOptions.Loopback(setup.Port, self, setup.StateDirectory)
            : new TotemNodeOptions
            {
                // corosync's timeouts for as many nodes, so that neither side waits differently.
                Ring = RingOptions.ForNodes(self, setup.Nodes),
                Transport = new UdpTransportOptions
                {
                    Kind = KindOf(setup.Transport),
                    // The key that the daemons of a run have, too.
                    Knet = new KnetTransportOptions
                    {
                        Key = new byte[CorosyncDaemon.KeyBytes],
                        Aead = setup.Transport == "knet-aead" ? AeadRule.Required : AeadRule.Refused,
                    },
                    Group = setup.Transport == "udp" ? IPAddress.Parse(MulticastGroup) : null,
                    GroupPort = setup.Port,
                    Peers = [.. setup.Addresses.Select((x, i) =>
                        new UdpPeer(new ProcessorId((uint)i + 1), new IPEndPoint(IPAddress.Parse(x), setup.Port)))],
                },
                StateDirectory = setup.StateDirectory,
            };
        if (setup.IsBusyPolling)
            options = options with { Transport = options.Transport with { BusyPoll = BusyPoll } };
        // Behind it: who names a value means it.
        foreach (var setting in setup.Settings.Where(x => !x.StartsWith(JoinedGroups, StringComparison.Ordinal)))
            OptionSettings.Apply(setting, options.Ring, options.Transport, options);
        return options;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Pace?.Release();
        if (_group is not null)
            await _group.DisposeAsync().ConfigureAwait(false);
        await _node.DisposeAsync().ConfigureAwait(false);
        await _reading.WaitAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Pace?.Dispose();
    }
}
