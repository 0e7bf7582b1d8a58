using Totem.Core.Diagnostics;

namespace Totem.Core.Groups;

/// <summary>Elements of the ring's stream that groups can make nothing of.</summary>
internal static class DiscardedElement
{
    /// <summary>Counts a message that is dropped.</summary>
    public static void Discard(
        this IRingObserver observer, scoped in Delivery element, DiscardReason reason = DiscardReason.UnknownGroup) =>
        observer.OnEvent(new RingEvent(
            RingEventKind.Discarded, element.Ring, element.Sender, Seq: element.Seq, Discard: reason));
}
