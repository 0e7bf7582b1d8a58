using Totem.Core.Time;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Links;

/// <summary>One peer: its links, and its numbers.</summary>
internal sealed class KnetPeer(ushort id, PeerSequence sequence)
{
    private readonly PeerLink?[] _links = new PeerLink?[KnetFormat.LinkCountMax];
    private byte[] _lastMessage = [];
    private int _lastLength;
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

    /// <summary>
    /// True when the last message to this peer alone was the same: the ring sends a token again, since nothing came
    /// back. The first one may be lost with its link, so this one is not left to the same link.
    /// </summary>
    public bool Repeats(ReadOnlySpan<byte> message)
    {
        if (message.SequenceEqual(_lastMessage.AsSpan(0, _lastLength)))
            return true;
        if (_lastMessage.Length < message.Length)
            _lastMessage = new byte[message.Length];
        message.CopyTo(_lastMessage);
        _lastLength = message.Length;
        return false;
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
            if (link is { Liveness.IsUp: true } && (best is null || link.Rank > best.Rank))
                best = link;
        }

        if (best is null)
            return 0;
        chosen[0] = best.Number;
        return 1;
    }

    private int ChooseNext(Span<byte> chosen)
    {
        var areAllOverdue = AreAllOverdue();
        for (var i = 0; i < _links.Length; i++)
        {
            var number = (_nextLink + i) % _links.Length;
            if (_links[number] is not { Liveness.IsUp: true } link || (link.Liveness.IsOverdue && !areAllOverdue))
                continue;
            chosen[0] = (byte)number;
            _nextLink = number + 1;
            return 1;
        }

        return 0;
    }

    private bool AreAllOverdue()
    {
        foreach (var link in _links)
        {
            if (link is { Liveness: { IsUp: true, IsOverdue: false } })
                return false;
        }

        return true;
    }
}
