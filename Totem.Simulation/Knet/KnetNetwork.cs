using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Transport.Knet.Mtu;

namespace Totem.Simulation.Knet;

/// <summary>
/// Carries sealed packets over the links of kronosnet. A fault of the network between two processors hits all links of
/// the pair, a fault of a path one direction of one link.
/// </summary>
internal sealed class KnetNetwork
{
    /// <summary>A copy that comes later than this may be taken for new in libknet's format.</summary>
    public static readonly TimeSpan RecentMax = TimeSpan.FromMilliseconds(50);

    private const ulong Salt = 0x6C69_6E6B;

    private readonly ClusterSetup _setup;
    private readonly SimulationMemory _memory;
    private readonly SimulatedNetwork _pairs;
    private readonly ulong[] _seeds;
    private readonly ulong[] _counts;

    public KnetNetwork(ClusterSetup setup, SimulationMemory memory, SimulatedNetwork pairs)
    {
        (_setup, _memory, _pairs) = (setup, memory, pairs);
        Paths = new PathTable(setup.Processors.Count, setup.Knet!.Links);
        Keys = new KeyStore(setup);
        Recorder = new PacketRecorder(setup.Seed ^ Salt);
        _counts = new ulong[Paths.Count];
        _seeds = new ulong[Paths.Count];
        for (var i = 0; i < _seeds.Length; i++)
            _seeds[i] = StableHash.Mix(setup.Seed ^ Salt, (ulong)i);
    }

    public PathTable Paths { get; }

    public KeyStore Keys { get; }

    public FrameLedger Ledger { get; } = new();

    public PacketRecorder Recorder { get; }

    /// <summary>Packets are written down for an attacker.</summary>
    public bool IsRecording { get; set; }

    /// <summary>Packets handed in, each receiver and link counted.</summary>
    public long PacketCount { get; private set; }

    /// <summary>The same dice for decisions made elsewhere.</summary>
    public DatagramDice Dice(int from, int to, int link)
    {
        var path = Paths.IndexOf(from, to, link);
        return new DatagramDice(_seeds[path], _counts[path]++);
    }

    /// <summary>Sends a packet.</summary>
    /// <returns>The most that the sender's interface takes, when it refuses the packet for its size; else 0.</returns>
    public int Send(int from, int life, int to, int link, ReadOnlySpan<byte> packet, long now)
    {
        PacketCount++;
        var path = Paths[from, to, link];
        var ipBytes = packet.Length + PacketSizes.IpHeaderBytes(_setup.Knet!.IsIPv6);
        if (ipBytes > path.InterfaceIpBytes)
            return path.InterfaceIpBytes;
        if (IsRecording)
            Recorder.Record(new RecordedPacket(now, from, life, to, link, packet.ToArray()));
        var dice = Dice(from, to, link);
        var noise = _pairs.Noise;
        var delay = _setup.Latency.Ticks + dice.UpTo(_setup.Jitter.Ticks) + _pairs.Links.AddedDelay(from, to)
            + path.AddedDelay + dice.UpTo(path.Jitter);
        if (dice.Chance(noise.ReorderRate))
            delay += dice.UpTo(noise.ReorderMax.Ticks);
        if (_pairs.Links.IsClosed(from, to, now) || path.IsCut || ipBytes > path.IpBytes)
            return 0;
        if (dice.Chance(path.LossRate) || dice.Chance(_pairs.Links.LossRate(from, to)) || dice.Chance(noise.LossRate))
            return 0;
        if (dice.Chance(noise.DuplicateRate) || dice.Chance(path.DuplicateRate))
            Copy(from, to, link, packet, now + delay, ref dice);
        var isBroken = dice.Chance(noise.CorruptRate) || dice.Chance(path.CorruptRate);
        // In clear it would be read as it is: UDP's checksum is all there is.
        if (isBroken && !_setup.Knet.IsAuthentic)
            return 0;
        var handle = _memory.Datagrams.Rent(packet);
        if (isBroken)
            _memory.Datagrams.Flip(handle, (int)dice.UpTo(packet.Length - 1), (int)dice.UpTo(7));
        Push(now + delay, from, to, link, handle, isReplay: false);
        return 0;
    }

    /// <summary>Somebody puts a packet on the wire to a receiver, as if it came from this sender
    /// over this link.</summary>
    public void Inject(int from, int to, int link, ReadOnlySpan<byte> packet, long now) =>
        Push(now + _setup.Latency.Ticks, from, to, link, _memory.Datagrams.Rent(packet), isReplay: true);

    private void Copy(int from, int to, int link, ReadOnlySpan<byte> packet, long at, ref DatagramDice dice)
    {
        // A script says nothing of how late copies are where there are none.
        var noise = _pairs.Noise.DuplicateRate > 0 ? _pairs.Noise.ReplayMax : TimeSpan.Zero;
        var later = dice.UpTo(Math.Max(noise.Ticks, RecentMax.Ticks));
        Ledger.IsLoose |= later > RecentMax.Ticks;
        Push(at + later, from, to, link, _memory.Datagrams.Rent(packet), isReplay: true);
    }

    private void Push(long at, int from, int to, int link, int handle, bool isReplay) =>
        _memory.Queue.Push(new SimulationEvent(
            at, SimulationEventKind.PacketArrival, to, handle, Pack(from, link), isReplay));

    /// <summary>A peer and a link in one number, for an event.</summary>
    public static int Pack(int peer, int link) => (peer << 8) | link;

    public static (int Peer, int Link) Unpack(int packed) => (packed >> 8, packed & 0xFF);
}
