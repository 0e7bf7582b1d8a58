using System.Collections.Immutable;

namespace Totem.Sheepdog.Ordering;

/// <summary>Those who know the state, by session and by node, so that nobody searches through a thousand for each
/// message. Immutable.</summary>
internal sealed record InformedIndex(
    ImmutableDictionary<PeerId, InformedPeer> ByPeer, ImmutableDictionary<SheepNode, InformedPeer> ByNode)
{
    public static InformedIndex Of(IReadOnlyList<InformedPeer> informed)
    {
        var byPeer = ImmutableDictionary.CreateBuilder<PeerId, InformedPeer>();
        var byNode = ImmutableDictionary.CreateBuilder<SheepNode, InformedPeer>();
        foreach (var peer in informed)
            (byPeer[peer.Peer], byNode[peer.Node]) = (peer, peer);
        return new InformedIndex(byPeer.ToImmutable(), byNode.ToImmutable());
    }

    public InformedPeer? Find(PeerId peer) => ByPeer.GetValueOrDefault(peer);

    public InformedPeer? Find(SheepNode node) => ByNode.GetValueOrDefault(node);

    /// <summary>With one that is new, or whose description is.</summary>
    public InformedIndex With(InformedPeer peer) =>
        new(ByPeer.SetItem(peer.Peer, peer), ByNode.SetItem(peer.Node, peer));

    public InformedIndex Without(InformedPeer peer) => new(ByPeer.Remove(peer.Peer), ByNode.Remove(peer.Node));
}
