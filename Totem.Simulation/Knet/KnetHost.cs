using System.Buffers.Binary;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Transport.Knet;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Mtu;

namespace Totem.Simulation.Knet;

/// <summary>
/// One life of a member's kronosnet: the machine with what its host does for it. Frames of the ring go in and come out;
/// packets go to <see cref="KnetNetwork"/>.
/// </summary>
internal sealed class KnetHost : IKnetObserver, IDisposable
{
    /// <summary>An administrator's message to all members: read key file so-and-so.</summary>
    private const ulong ReloadMark = 0x7379_656B_5F77_656E;

    private const int ReloadBytes = 24;

    private readonly ClusterSetup _setup;
    private readonly SimulationMemory _memory;
    private readonly KnetNetwork _network;
    private readonly Coverage _coverage;
    private readonly int _place;
    private readonly int _life;
    private readonly KnetMachine _machine;
    private readonly KeyChange _change;
    private readonly List<KnetEvent> _events = [];
    private ushort _refusing;

    public KnetHost(
        ClusterSetup setup, SimulationMemory memory, KnetNetwork network, Coverage coverage, int place, int life)
    {
        (_setup, _memory, _network, _coverage, _place, _life) = (setup, memory, network, coverage, place, life);
        var pool = network.Keys.PoolFor(place, life);
        KeyNumber = network.Keys.Latest;
        _machine = new KnetMachine(
            setup.Knet!.OptionsOf(setup, place, [.. Enumerable.Range(0, setup.Knet.Links)]),
            network.Keys.Open(KeyNumber, Format, pool), pool, this, life == 1 ? setup.Knet.LastSeq : (ushort)0);
        _change = new KeyChange(_machine);
    }

    /// <summary>The key file that the member has read last.</summary>
    public int KeyNumber { get; private set; }

    /// <summary>The member has forgotten all keys but those of that file.</summary>
    public bool IsSettled => _machine.RekeyPhase == RekeyPhase.Settled;

    public Instant? NextDeadline => _machine.NextDeadline;

    private SpokenFormat Format => _setup.Knet!.FormatOf(_setup.Processors[_place]);

    public void Start(Instant now) => _machine.Start(now);

    /// <returns>A message that is to be multicast now, safely; null when there is none.</returns>
    public byte[]? HandleDeadline(Instant now)
    {
        _machine.HandleDeadline(now);
        _change.HandleDeadline(now);
        return TakeAnnouncement();
    }

    /// <summary>Sends a frame, to all when <paramref name="to"/> is negative.</summary>
    public void Send(int to, ReadOnlySpan<byte> frame, Instant now)
    {
        Drain(now);
        if (_machine.Send(frame, to < 0 ? (ushort)0 : Id(to), now))
            _network.Ledger.Sent(_place, to, frame);
        Drain(now);
    }

    /// <summary>A packet came. It may complete a frame.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="from">From whose address.</param>
    /// <param name="link">Over which link.</param>
    /// <param name="now">The time.</param>
    /// <param name="frame">Valid until the next call.</param>
    /// <param name="sender">The place of its sender.</param>
    /// <param name="objection">The objection to handing it up; null when there is none.</param>
    public bool TryOpen(
        ReadOnlySpan<byte> packet, int from, int link, Instant now, out ReadOnlySpan<byte> frame, out int sender,
        out string? objection)
    {
        frame = default;
        (sender, objection) = (from, null);
        if (!_machine.HandleDatagram(packet, _setup.Knet!.Address(from, link), now, out var message))
            return false;
        frame = message.Bytes;
        sender = PlaceOf(message.Sender);
        objection = _network.Ledger.Objection(
            _place, _life, sender, message.IsBroadcast, frame, _setup.Knet.IsAeadAlone);
        return true;
    }

    /// <summary>The system says that nobody listens at a peer's end of a link.</summary>
    /// <returns>True when this was the last link of the peer: its process has ended.</returns>
    public bool HandleRefused(int peer, int link, Instant now)
    {
        _refusing = Id(peer);
        var wasReachable = _machine.IsReachable(_refusing);
        _machine.HandleRefused(_refusing, (byte)link, now);
        return wasReachable && !_machine.IsReachable(_refusing);
    }

    /// <summary>From now on there are these links.</summary>
    public void UseLinks(IReadOnlyList<int> links, Instant now)
    {
        Drain(now);
        _machine.HandleReload(_setup.Knet!.OptionsOf(_setup, _place, links), now);
        Drain(now);
    }

    /// <summary>The message that makes all members read this key file.</summary>
    public static byte[] ReloadMessage(int number)
    {
        var message = new byte[ReloadBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(message, ReloadMark);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(sizeof(ulong)), number);
        return message;
    }

    /// <summary>The ring has these members from now on.</summary>
    /// <returns>A message that is to be multicast now, safely; null when there is none.</returns>
    public byte[]? HandleMembers(ProcessorSet members)
    {
        _change.HandleMembers(members.Select(x => (ushort)x.Value));
        return TakeAnnouncement();
    }

    /// <summary>The ring delivered a message, which may be about keys (KNET §17.3).</summary>
    /// <returns>A message that is to be multicast now, safely; null when there is none.</returns>
    public byte[]? HandleDelivered(ReadOnlySpan<byte> message, ProcessorId sender)
    {
        if (message.Length == ReloadBytes && BinaryPrimitives.ReadUInt64LittleEndian(message) == ReloadMark)
            Reload(BinaryPrimitives.ReadInt32LittleEndian(message[sizeof(ulong)..]));
        else
            _change.HandleDelivered(message, (ushort)sender.Value);
        return TakeAnnouncement();
    }

    private byte[]? TakeAnnouncement()
    {
        if (!_change.HasMessage)
            return null;
        var next = new byte[KeyChange.MessageBytes];
        _change.TakeMessage(next);
        return next;
    }

    /// <summary>Hands everything that the machine has to send to the network.</summary>
    public void Drain(Instant now)
    {
        while (_machine.TryTransmit(_memory.Packets, out var burst))
        {
            foreach (var destination in _machine.Destinations.ToArray())
            {
                for (int offset = 0, i = 0; i < burst.PacketCount; i++)
                {
                    var bytes = Math.Min(burst.PacketBytes, burst.TotalBytes - offset);
                    Transmit(destination, _memory.Packets.AsSpan(offset, bytes), now);
                    offset += bytes;
                }
            }
        }
    }

    /// <summary>The events since the last call.</summary>
    public IReadOnlyList<KnetEvent> TakeEvents()
    {
        if (_events.Count == 0)
            return [];
        KnetEvent[] taken = [.. _events];
        _events.Clear();
        return taken;
    }

    public void OnEvent(in KnetEvent knetEvent)
    {
        _coverage.Count(in knetEvent);
        _events.Add(knetEvent);
    }

    public void Dispose()
    {
        foreach (var reason in Enum.GetValues<KnetDiscard>())
            _coverage.Count(reason, _machine.Counters[reason]);
        _change.Dispose();
        _machine.Dispose();
    }

    private void Reload(int number)
    {
        if (number <= KeyNumber)
        {
            _change.HandleKnownReload();
            return;
        }

        KeyNumber = number;
        _change.HandleReload(_network.Keys.Open(number, Format, _network.Keys.PoolFor(_place, _life + (number << 16))));
    }

    private void Transmit(LinkDestination destination, ReadOnlySpan<byte> packet, Instant now)
    {
        var interfaceIpBytes = _network.Send(
            _place, _life, PlaceOf(destination.Peer), destination.Link, packet, now.Ticks);
        if (interfaceIpBytes > 0)
            _machine.HandleTooBig(
                destination, packet.Length + PacketSizes.IpHeaderBytes(_setup.Knet!.IsIPv6), interfaceIpBytes, now);
    }

    private ushort Id(int place) => (ushort)_setup.Processors[place].Value;

    private int PlaceOf(ushort id)
    {
        for (var i = 0; i < _setup.Processors.Count; i++)
        {
            if (_setup.Processors[i].Value == id)
                return i;
        }

        throw new InvalidOperationException($"kronosnet names {id}, expected a member");
    }
}
