using Totem.Core.Time;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Links;

/// <summary>One peer: its links, and its numbers.</summary>
internal sealed class KnetPeer(ushort id, PeerSequence sequence)
{
    private readonly PeerLink?[] _links = new PeerLink?[KnetFormat.LinkCountMax];
    private int _nextLink;

    public ushort Id { get; } = id;

    public PeerSequence Sequence { get; } = sequence;

    /// <summary>Our knowledge of it in the format of our own.</summary>
    public AeadPeer Aead { get; } = new();

    /// <summary>It has said, in libknet's format, that it speaks ours too.</summary>
    public bool AnnouncesAead { get; set; }

    /// <summary>A link of it is up.</summary>
    public bool IsReachable { get; set; }

    /// <summary>When the last link of it went down; null while it has never been reachable.</summary>
    public Instant? UnreachableAt { get; set; }

    /// <summary>The places of its links; null where it has none.</summary>
    public ReadOnlySpan<PeerLink?> Links => _links;

    public bool HasLinkUp
    {
        get
        {
            foreach (var link in _links)
            {
                if (link is { Liveness.IsUp: true })
                    return true;
            }

            return false;
        }
    }

    public void Add(PeerLink link) => _links[link.Number] = link;

    public void Remove(byte number) => _links[number] = null;

    /// <summary>The link with this number; null for a number that no link has.</summary>
    public PeerLink? Link(byte number) => number < _links.Length ? _links[number] : null;

    /// <summary>The first link whose other end has this address (KNET §6, step 6).</summary>
    public PeerLink? LinkFrom(KnetAddress source)
    {
        foreach (var link in _links)
        {
            if (link is not null && link.Address == source)
                return link;
        }

        return null;
    }

    /// <summary>The links that the next message takes.</summary>
    /// <param name="mode">The policy.</param>
    /// <param name="chosen">Room for all links.</param>
    /// <returns>How many; 0 when none is up.</returns>
    public int Choose(LinkMode mode, Span<byte> chosen) => mode switch
    {
        LinkMode.Active => ChooseAll(chosen),
        LinkMode.RoundRobin => ChooseNext(chosen),
        _ => ChooseBest(chosen),
    };

    private int ChooseAll(Span<byte> chosen)
    {
        var count = 0;
        foreach (var link in _links)
        {
            if (link is { Liveness.IsUp: true })
                chosen[count++] = link.Number;
        }

        return count;
    }

    private int ChooseBest(Span<byte> chosen)
    {
        PeerLink? best = null;
        foreach (var link in _links)
        {
            if (link is { Liveness.IsUp: true } && (best is null || link.Priority > best.Priority))
                best = link;
        }

        if (best is null)
            return 0;
        chosen[0] = best.Number;
        return 1;
    }

    private int ChooseNext(Span<byte> chosen)
    {
        for (var i = 0; i < _links.Length; i++)
        {
            var number = (_nextLink + i) % _links.Length;
            if (_links[number] is not { Liveness.IsUp: true })
                continue;
            chosen[0] = (byte)number;
            _nextLink = number + 1;
            return 1;
        }

        return 0;
    }
}
