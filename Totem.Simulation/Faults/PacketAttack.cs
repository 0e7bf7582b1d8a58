using Totem.Simulation.Cluster;
using Totem.Simulation.Knet;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Wire;

namespace Totem.Simulation.Faults;

/// <summary>Packets of an attacker at one member, in the name of another: copies of what was
/// recorded, and forgeries.</summary>
internal sealed class PacketAttack
{
    private const int AttackerLife = 1 << 20;

    private readonly SimulatedCluster _cluster;
    private readonly KnetNetwork _network;
    private readonly int _at;
    private readonly int _from;
    private readonly SimulationRandom _random;

    public PacketAttack(SimulatedCluster cluster, int at, int from)
    {
        (_cluster, _network, _at, _from) = (cluster, cluster.Knet!, at, from);
        _random = new SimulationRandom(StableHash.Mix(
            StableHash.Mix(cluster.Setup.Seed, (ulong)cluster.NowTicks), (ulong)KnetNetwork.Pack(at, from)));
    }

    public void Run(Attack what, int count)
    {
        if (what is Attack.FormerKey or Attack.StrangeKey or Attack.Clear)
            Forge(what, count);
        else
            Repeat(what, count);
    }

    private void Repeat(Attack what, int count)
    {
        var since = _cluster.NowTicks - KnetNetwork.RecentMax.Ticks;
        var packets = _network.Recorder.Of(x => x.From == _from
            && (what == Attack.Misdirected ? x.To != _at : x.To == _at)
            && (what is not (Attack.Recent or Attack.Misdirected) || x.At >= since));
        _network.Ledger.IsLoose |= what is Attack.Old or Attack.Misdirected;
        for (var i = 0; i < count && packets.Length > 0; i++)
        {
            var recorded = packets[_random.Below(packets.Length)];
            var packet = recorded.Bytes.ToArray();
            if (what == Attack.Changed)
                packet[_random.Below(packet.Length)] ^= (byte)_random.Between(1, 255);
            else if (what == Attack.Cut)
                packet = packet[..(1 + _random.Below(packet.Length - 1))];
            _network.Inject(_from, _at, recorded.Link, packet, _cluster.NowTicks);
        }
    }

    private void Forge(Attack what, int count)
    {
        var knet = _cluster.Setup.Knet!;
        if (what == Attack.FormerKey && _cluster.Nodes[_at].Knet is not { IsSettled: true, KeyNumber: > 0 })
            return;
        // One that is both sends what a member of either format would read.
        SpokenFormat[] formats = knet.Format == SpokenFormat.Aead ? [SpokenFormat.Aead]
            : [SpokenFormat.Libknet, SpokenFormat.Aead];
        foreach (var format in formats)
        {
            using var keys = KeysOf(what, format,
                _network.Keys.PoolFor(_from, AttackerLife + (int)(_cluster.NowTicks / TimeSpan.TicksPerMillisecond)));
            for (var i = 0; i < count; i++)
                Forge(keys, format);
        }
    }

    private void Forge(KeySet keys, SpokenFormat format)
    {
        Span<byte> packet = stackalloc byte[KnetFormat.DataHeaderBytes + 64];
        Span<byte> datagram = stackalloc byte[packet.Length + SealShape.AddedBytesMax];
        var id = (ushort)_cluster.Setup.Processors[_from].Value;
        var header = new DataHeader(
            new PacketHeader(PacketType.Data, id), (ushort)_random.Next(), Compression: 0, Pad: 0, Broadcast: 1,
            FragmentCount: 1, Fragment: 0, Channel: 0);
        header.Write(packet);
        foreach (ref var each in packet[KnetFormat.DataHeaderBytes..])
            each = (byte)_random.Next();
        keys.Use(new AeadLife(id, _random.Next()), AeadAlgorithm.Aes256Gcm);
        var bytes = format == SpokenFormat.Aead ? keys.Sender!.Seal(packet, datagram)
            : keys.Libknet!.Seal(packet, datagram);
        var link = _random.Below(_cluster.Setup.Knet!.Links);
        _network.Inject(_from, _at, link, datagram[..bytes], _cluster.NowTicks);
    }

    private KeySet KeysOf(Attack what, SpokenFormat format, RandomPool pool) => what switch
    {
        Attack.FormerKey => _network.Keys.Open(_cluster.Nodes[_at].Knet!.KeyNumber - 1, format, pool),
        Attack.StrangeKey => _network.Keys.OfStranger(format, pool),
        _ => format == SpokenFormat.Aead ? _network.Keys.OfStranger(format, pool) : KeySet.OfLibknet(null),
    };
}
