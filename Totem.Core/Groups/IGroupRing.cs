using Totem.Core.Ordering;
using Totem.Core.Time;

namespace Totem.Core.Groups;

/// <summary>The calls that groups make on the ring below them. The ring in production; a model of the total order in a
/// test.</summary>
internal interface IGroupRing
{
    /// <summary>Queues a message of the application.</summary>
    SubmitResult TrySubmit(in Envelope envelope, ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now);

    /// <summary>Queues a message that only this ring may carry; it is dropped when the ring is over.</summary>
    void SubmitSync(RingId ring, MessageChannel channel, ReadOnlySpan<byte> payload, Instant now);

    /// <summary>The message delivered last ends the synchronisation of this ring.</summary>
    void EndSynchronisation(RingId ring, Instant now);
}
