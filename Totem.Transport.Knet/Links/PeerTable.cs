using System.Diagnostics.CodeAnalysis;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Sequence;

namespace Totem.Transport.Knet.Links;

/// <summary>Everybody who is configured.</summary>
internal sealed class PeerTable
{
    private readonly Dictionary<ushort, KnetPeer> _byId = [];

    public PeerTable(KnetOptions options, KnetCounters counters)
    {
        var pool = new PartialMessages();
        foreach (var each in options.Peers)
        {
            var peer = new KnetPeer(each.Id, new PeerSequence(pool, counters));
            foreach (var link in each.Links)
                peer.Add(new PeerLink(each.Id, link));
            _byId.Add(each.Id, peer);
        }

        All = [.. _byId.Values.OrderBy(x => x.Id)];
    }

    /// <summary>By id, upward.</summary>
    public KnetPeer[] All { get; private set; }

    public bool HasReachable
    {
        get
        {
            foreach (var peer in All)
            {
                if (peer.IsReachable)
                    return true;
            }

            return false;
        }
    }

    public bool TryFind(ushort id, [NotNullWhen(true)] out KnetPeer? peer) => _byId.TryGetValue(id, out peer);
}
