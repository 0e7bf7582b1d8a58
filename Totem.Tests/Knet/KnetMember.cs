using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Core;
using Totem.Core.Evs;
using Totem.Core.Groups;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Tests.Corosync;
using Totem.Tests.Processes;
using Totem.Transport.Knet;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;

namespace Totem.Tests.Knet;

/// <summary>
/// A member at a node of a network: the ring, the kronosnet machine below it, and a plain socket. It is what a
/// transport has to do, in the simplest way, so that the machine meets real daemons without one.
/// </summary>
internal sealed class KnetMember : IDisposable
{
    private const int Port = 5405;
    private const int IpHeaders = 28;
    private static readonly long ClockOrigin = Stopwatch.GetTimestamp();

    private readonly Socket _socket;
    private readonly KnetMachine _machine;
    private readonly GroupProcessor _groups;
    private readonly Action _onChange;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<Action<Instant>> _asked = new();
    private readonly Queue<byte[]> _toSelf = new();
    private readonly byte[] _frame = new byte[70_000];
    private readonly byte[] _packets = new byte[KnetMachine.BurstBytesMax];
    private GroupMembership? _membership;
    private volatile bool _isEnding;

    /// <param name="self">The node.</param>
    /// <param name="nodes">How many there are.</param>
    /// <param name="token">The token timeout, as the daemons have it.</param>
    /// <param name="network">Where the node is.</param>
    /// <param name="keys">The keys of the daemons.</param>
    /// <param name="random">Where random bytes come from.</param>
    /// <param name="onChange">Called on the member's thread when something of what is told here is another.</param>
    public KnetMember(
        uint self, int nodes, TimeSpan token, NamespaceNetwork network, KeySet keys, RandomPool random, Action onChange)
    {
        _onChange = onChange;
        _socket = network.Open(self, () => OpenSocket(self));
        _machine = new KnetMachine(Options(self, nodes, token), keys, random);
        _groups = new GroupProcessor(RingOptions.ForNodes(new ProcessorId(self), nodes, token, TimeSpan.Zero), null, 0);
        _thread = new Thread(Run) { IsBackground = true, Name = $"knet {self}" };
        _thread.Start();
    }

    /// <summary>The ring it is in, as <see cref="NodeRing"/> has it.</summary>
    public NodeRing Ring { get; private set; } = NodeRing.None;

    /// <summary>Messages to its group that it was delivered.</summary>
    public int DeliveredCount { get; private set; }

    /// <summary>Its failure; null while there is none.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Joins the group.</summary>
    public void Join(string group) =>
        _asked.Enqueue(now => _groups.TryJoin(new GroupName(group), 77, null, now, out _membership));

    /// <summary>Sends a message to the group.</summary>
    public void Send(int bytes) =>
        _asked.Enqueue(now => _groups.TrySubmit(_membership!, new byte[bytes], Guarantee.Agreed, now));

    /// <summary>Ends as a process that is killed does: nobody is told, the port is closed.</summary>
    public void Dispose()
    {
        _isEnding = true;
        _thread.Join();
        _socket.Dispose();
        _machine.Dispose();
    }

    private static KnetOptions Options(uint self, int nodes, TimeSpan token) => new()
    {
        Self = (ushort)self,
        Peers = [.. Enumerable.Range(1, nodes).Where(x => x != self).Select(x => new KnetPeerOptions
        {
            Id = (ushort)x,
            Links =
            [
                new KnetLinkOptions
                {
                    Number = 0, Address = KnetAddress.Of(AddressOf((uint)x)), Timers = LinkTimers.OfToken(token),
                },
            ],
        })],
    };

    private static Socket OpenSocket(uint self)
    {
        const int mtuDiscover = 10, probe = 3;
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        socket.SetRawSocketOption((int)SocketOptionLevel.IP, mtuDiscover, BitConverter.GetBytes(probe));
        socket.Bind(new IPEndPoint(AddressOf(self), Port));
        return socket;
    }

    private static IPAddress AddressOf(uint node) => IPAddress.Parse(NamespaceNetwork.AddressOf(node));

    private static Instant Now() => new(Stopwatch.GetElapsedTime(ClockOrigin).Ticks + TimeSpan.TicksPerSecond);

    private void Run()
    {
        try
        {
            _machine.Start(Now());
            _groups.Ring.Start(Now());
            while (!_isEnding)
                Cycle();
        }
        catch (Exception exception)
        {
            Failure = exception;
            _onChange();
        }
    }

    private void Cycle()
    {
        Drain(Now());
        _socket.Poll(TimeSpan.FromMilliseconds(2), SelectMode.SelectRead);
        while (TryReceive(out var count, out var source))
        {
            var now = Now();
            if (_machine.HandleDatagram(_frame.AsSpan(0, count), KnetAddress.Of(source), now, out var message))
                _groups.Ring.HandleDatagram(message.Bytes, now);
            Drain(now);
        }

        while (_toSelf.TryDequeue(out var own))
            _groups.Ring.HandleDatagram(own, Now());
        while (_asked.TryDequeue(out var ask))
            ask(Now());
        _machine.HandleDeadline(Now());
        _groups.Ring.HandleDeadline(Now());
    }

    private bool TryReceive(out int count, out IPAddress source)
    {
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        (count, source) = (0, IPAddress.None);
        while (_socket.Available > 0)
        {
            try
            {
                count = _socket.ReceiveFrom(_frame, ref from);
                source = ((IPEndPoint)from).Address;
                return true;
            }
            catch (SocketException)
            {
                // A report about an earlier datagram.
            }
        }

        return false;
    }

    private void Drain(Instant now)
    {
        SendPackets();
        for (var isBusy = true; isBusy;)
        {
            if (_groups.Ring.PendingStore is { } sequence)
                _groups.Ring.HandleStored(sequence);
            isBusy = false;
            while (_groups.Ring.TryTransmit(_frame, out var transmit))
            {
                isBusy = true;
                Send(_frame.AsSpan(0, transmit.LengthBytes), transmit, now);
            }

            while (_groups.TryDeliver(now, out var delivery))
            {
                isBusy = true;
                Note(in delivery);
            }
        }
    }

    private void Send(Span<byte> frame, in Transmit transmit, Instant now)
    {
        const int target = 9;
        if (!transmit.IsMulticast && transmit.Destination.Value == _machine.Self)
        {
            _toSelf.Enqueue(frame.ToArray());
            return;
        }

        // Daemons take a token only with their id in it.
        if (!transmit.IsMulticast)
            BinaryPrimitives.WriteUInt32LittleEndian(frame[target..], transmit.Destination.Value);
        _machine.Send(frame, (ushort)transmit.Destination.Value, now);
        SendPackets();
    }

    private void SendPackets()
    {
        while (_machine.TryTransmit(_packets, out var burst))
        {
            for (int offset = 0, i = 0; i < burst.PacketCount; i++)
            {
                var bytes = Math.Min(burst.PacketBytes, burst.TotalBytes - offset);
                foreach (var destination in _machine.Destinations)
                    SendPacket(_packets.AsSpan(offset, bytes), destination);
                offset += bytes;
            }
        }
    }

    private void SendPacket(ReadOnlySpan<byte> packet, LinkDestination destination)
    {
        try
        {
            _socket.SendTo(packet, new IPEndPoint(AddressOf(destination.Peer), Port));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.MessageSize)
        {
            _machine.HandleTooBig(destination, packet.Length + IpHeaders, 0, Now());
        }
        catch (SocketException)
        {
            // Nobody listens there, or there is no way: the timeout tells the machine.
        }
    }

    private void Note(in GroupDelivery delivery)
    {
        if (delivery is { Kind: GroupDeliveryKind.Ring,
            Ring.Change.Configuration: { Kind: ConfigurationKind.Regular } installed })
            Ring = RingOf(installed, isReady: false);
        else if (delivery is { Kind: GroupDeliveryKind.Synchronized, Configuration: { } synchronised })
            Ring = RingOf(synchronised, isReady: true);
        else if (delivery.Kind == GroupDeliveryKind.Message)
            DeliveredCount++;
        _onChange();
    }

    private static NodeRing RingOf(Configuration configuration, bool isReady) => new(
        string.Create(
            CultureInfo.InvariantCulture, $"{configuration.Ring.Representative}.{configuration.Ring.Sequence}"),
        [.. configuration.Members.Select(x => x.Value).Order()], isReady);
}
