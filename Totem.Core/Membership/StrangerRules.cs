using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Time;

namespace Totem.Core.Membership;

/// <summary>Whether a processor on another ring is worth a new ring. Where it is not, it may be shown that we are
/// here.</summary>
internal sealed class StrangerRules(Neighbourhood neighbours, Announcements announcements)
{
    /// <summary>Why a stranger that we heard while operational is left where it is; null when a ring is to be formed
    /// with it.</summary>
    /// <param name="ring">Our ring.</param>
    /// <param name="stranger">The processor.</param>
    /// <param name="reason">How we heard of it.</param>
    /// <param name="heardSince">How far back "we hear it" reaches.</param>
    /// <param name="now">The time.</param>
    public DiscardReason? Objection(
        TokenRing ring, ProcessorId stranger, GatherReason reason, Instant heardSince, Instant now)
    {
        if (Obstruction(ring, stranger, isCalling: false, now) is { } obstruction)
            return obstruction;
        if (!IsSecondHand(stranger, reason, heardSince))
            return null;
        announcements.Probe(ring, now); // The processor that sent it hears us, if it can, and calls.
        return DiscardReason.SecondHand;
    }

    /// <summary>
    /// Anybody on its ring may send a message again, and a copy looks like the original. So a message shows that its
    /// originator is heard only when a join or a merge detect, which nobody sends for another, has come from it of
    /// late.
    /// </summary>
    public bool IsSecondHand(ProcessorId stranger, GatherReason reason, Instant heardSince) =>
        reason == GatherReason.ForeignMessage && !neighbours.HasHeardSince(stranger, heardSince);

    /// <summary>Why a new ring with this processor could not hold (docs/design/protocol.md, "One broken link"); null
    /// when it could.</summary>
    /// <param name="ring">Our ring.</param>
    /// <param name="stranger">The processor; a member of our ring is no obstacle to it.</param>
    /// <param name="isCalling">It has sent a join, so it should hear of us.</param>
    /// <param name="now">The time.</param>
    public DiscardReason? Obstruction(TokenRing ring, ProcessorId stranger, bool isCalling, Instant now)
    {
        if (ring.Members.Contains(stranger))
            return null;
        if (neighbours.IsResting(stranger, now))
            return DiscardReason.LeftAlone;
        var obstacle = neighbours.ObstacleTo(stranger, ring.Members);
        if (obstacle == Obstacle.None)
            return null;
        // If it hears this, it will say so, and the obstacle is gone; or it learns whom it does not hear, and leaves us
        // alone.
        if (obstacle == Obstacle.ItCannotHearUs || isCalling || neighbours.HasNews(now))
            announcements.Probe(ring, now);
        return DiscardReason.BrokenLink;
    }
}
