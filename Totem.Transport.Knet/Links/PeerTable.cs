using System.Diagnostics.CodeAnalysis;
using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Sequence;

namespace Totem.Transport.Knet.Links;

/// <summary>Everybody who is configured.</summary>
internal sealed class PeerTable
{
    private readonly Dictionary<ushort, KnetPeer> _byId = [];
    private readonly PartialMessages _pool = new();
    private readonly KnetCounters _counters;

    public PeerTable(KnetOptions options, KnetCounters counters)
    {
        _counters = counters;
        All = [];
        Add(options);
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

    /// <summary>Adds the peers and the links that the options name and the table does not have.</summary>
    public void Add(KnetOptions options)
    {
        foreach (var each in options.Peers)
        {
            if (!_byId.TryGetValue(each.Id, out var peer))
                _byId.Add(each.Id, peer = new KnetPeer(each.Id, new PeerSequence(_pool, _counters)));
            foreach (var link in each.Links)
            {
                if (peer.Link(link.Number) is { } known)
                    known.Use(link);
                else
                    peer.Add(new PeerLink(each.Id, link));
            }
        }

        All = [.. _byId.Values.OrderBy(x => x.Id)];
    }

    /// <summary>Forgets a peer whose links have been removed.</summary>
    public void Remove(KnetPeer peer)
    {
        Invariant.That(!peer.IsReachable, "a peer without links cannot be reached");
        peer.Sequence.Restart(0);
        peer.Aead.Forget();
        _byId.Remove(peer.Id);
        All = [.. _byId.Values.OrderBy(x => x.Id)];
    }

    public bool TryFind(ushort id, [NotNullWhen(true)] out KnetPeer? peer) => _byId.TryGetValue(id, out peer);
}
