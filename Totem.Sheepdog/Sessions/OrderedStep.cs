using System.Globalization;
using System.Runtime.InteropServices;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The meaning of one element of the order, and why members went with it.</summary>
/// <param name="Effects">Its meaning for sheep.</param>
/// <param name="Change">The element, if it was a change.</param>
/// <param name="Deaths">The deaths that this session knows of.</param>
internal readonly record struct OrderedStep(List<Effect> Effects, OrderedChange? Change, KnownDeaths Deaths)
{
    private const int NamesMax = 14;

    /// <summary>Why somebody left.</summary>
    public LeaveReason ReasonOf(PeerId left)
    {
        if (Effects.Exists(x => x.Kind == EffectKind.Replaced && x.Peer == left))
            return LeaveReason.Restarted;
        if (Change is null)
            return LeaveReason.Left;
        return Change.Left.FirstOrDefault(x => x.Peer == left) is { IsKnownEnded: true } || Deaths.IsSeen(left)
            ? LeaveReason.Killed : LeaveReason.Silent;
    }

    /// <summary>A line for the operator about a member that came or went; null where there is nothing to say.</summary>
    public string? TextOf(in Effect effect, PeerId self)
    {
        var what = effect.Kind switch
        {
            EffectKind.Accepted when effect.Peer == self => "this sheep is in",
            EffectKind.Accepted => $"{NodeString.Short(effect.Node)} joined",
            EffectKind.Left => $"{NodeString.Short(effect.Node)} {CauseOf(effect.Peer)}",
            _ => null,
        };
        return what is null ? null : $"{what}; the sheep are now {NamesOf(effect)}";
    }

    /// <summary>The event that tells sheep of an effect; null where sheep is not told.</summary>
    public ClusterEvent? EventOf(in Effect effect) => effect.Kind switch
    {
        EffectKind.Accepted => new ClusterEvent(ClusterEventKind.Accept, effect.Node, new MemberList(effect.Informed))
        {
            Opaque = effect.Opaque,
        },
        EffectKind.Left => new ClusterEvent(ClusterEventKind.Leave, effect.Node, new MemberList(effect.Informed))
        {
            LeaveReason = ReasonOf(effect.Peer),
        },
        EffectKind.Notified =>
            new ClusterEvent(ClusterEventKind.Notify, effect.Node, null, MemoryMarshal.AsMemory(effect.Payload)),
        EffectKind.Updated => new ClusterEvent(ClusterEventKind.UpdateNode, effect.Node),
        _ => null,
    };

    private string CauseOf(PeerId left) => ReasonOf(left) switch
    {
        LeaveReason.Restarted => "was started again",
        LeaveReason.Left => "left",
        LeaveReason.Killed => Change!.EndedText,
        _ => "is gone, it is not heard any more",
    };

    private static string NamesOf(in Effect effect)
    {
        var nodes = new MemberList(effect.Informed);
        return nodes.Count > NamesMax
            ? nodes.Count.ToString(CultureInfo.InvariantCulture)
            : nodes.Count == 0 ? "none" : string.Join(", ", nodes.Select(NodeString.Short));
    }
}
