using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet;

/// <summary>Where a message goes: those who speak the format of our own, and those who speak
/// libknet's, because each is sealed once.</summary>
internal sealed class DestinationLists(LinkMode mode)
{
    private LinkDestination[] _aead = [];
    private LinkDestination[] _libknet = [];
    private int _aeadCount;
    private int _libknetCount;

    public ReadOnlySpan<LinkDestination> Aead => _aead.AsSpan(0, _aeadCount);

    public ReadOnlySpan<LinkDestination> Libknet => _libknet.AsSpan(0, _libknetCount);

    /// <summary>Begins with an empty list, and room for all links of so many peers.</summary>
    public void Clear(int peerCount)
    {
        _aeadCount = _libknetCount = 0;
        if (_aead.Length >= peerCount * KnetFormat.LinkCountMax)
            return;
        _aead = new LinkDestination[peerCount * KnetFormat.LinkCountMax];
        _libknet = new LinkDestination[_aead.Length];
    }

    /// <summary>Adds the links that the next message to this peer takes: those of the policy, or all that are
    /// up.</summary>
    public void Add(KnetPeer peer, bool isOnAllLinks)
    {
        Span<byte> chosen = stackalloc byte[KnetFormat.LinkCountMax];
        var count = peer.Choose(isOnAllLinks ? LinkMode.Active : mode, chosen);
        Invariant.That(count > 0, "a peer that can be reached has a link that is up");
        foreach (var link in chosen[..count])
        {
            var destination = new LinkDestination(peer.Id, link);
            if (peer.Aead.IsProven)
                _aead[_aeadCount++] = destination;
            else
                _libknet[_libknetCount++] = destination;
        }
    }
}
