using System.Net;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Peers;

/// <summary>The configured processors, found by id and by source address without allocation.</summary>
internal sealed class PeerTable
{
    private readonly Peer[] _peers;
    private readonly Dictionary<ProcessorId, int> _byId = [];
    private readonly Dictionary<NetAddress, int> _byEndPoint = [];
    private readonly Dictionary<NetAddress, int> _byAddress = [];
    private readonly int _self;

    public PeerTable(IReadOnlyList<UdpPeer> peers, ProcessorId self, Func<IPAddress, bool> isOnThisHost)
    {
        _peers = [.. peers.Select(
            peer => new Peer(peer.Id, peer.EndPoint, peer.Id == self, isOnThisHost(peer.EndPoint.Address)))];
        for (var i = 0; i < _peers.Length; i++)
        {
            var address = NetAddress.Of(_peers[i].EndPoint);
            _byId.Add(_peers[i].Id, i);
            _byEndPoint.Add(address, i);
            // Where two share an address only the port tells who it is; the address alone is then
            // good for acceptance only.
            if (!_byAddress.TryAdd(address.AnyPort, i))
                _byAddress[address.AnyPort] = -1;
        }

        _self = IndexOf(self);
    }

    public ReadOnlySpan<Peer> All => _peers;

    /// <summary>This member's own entry.</summary>
    public Peer Self => _peers[_self];

    /// <summary>Takes over what is known of processors that are at the same place in another table.</summary>
    public void Follow(PeerTable before)
    {
        foreach (var peer in _peers)
        {
            if (before.IndexOf(peer.Id) is >= 0 and var index && before._peers[index].EndPoint.Equals(peer.EndPoint))
                peer.Follow(before._peers[index]);
        }
    }

    public int IndexOf(ProcessorId id) => _byId.GetValueOrDefault(id, -1);

    /// <summary>Whether a datagram of this source is to be read, and, if the address says so, which
    /// peer sent it.</summary>
    public bool Accepts(NetAddress source, out int index)
    {
        if (_byEndPoint.TryGetValue(source, out index) || _byAddress.TryGetValue(source.AnyPort, out index))
            return true;
        index = -1;
        return false;
    }

    public bool TryFind(NetAddress endPoint, out int index) => _byEndPoint.TryGetValue(endPoint, out index);
}
