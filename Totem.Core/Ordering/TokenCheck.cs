using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>Whether a token of our ring is to be believed.</summary>
internal static class TokenCheck
{
    /// <summary>Why the token is dropped; null when it is to be taken.</summary>
    public static DiscardReason? Objection(in RegularToken token, TokenRing ring)
    {
        Invariant.That(token.Ring == ring.Id, "only a token of our ring is judged by our ring");
        if (!token.TokenSeq.IsAfter(ring.LastTokenSeq))
            return DiscardReason.StaleToken;
        return IsPlausible(token, ring) ? null : DiscardReason.AbsurdToken;
    }

    /// <summary>What no correct member sends: dropping it loses the token, which the ring survives.</summary>
    private static bool IsPlausible(in RegularToken token, TokenRing ring)
    {
        var window = ring.Log.Window;
        // Nobody releases what we have not said we have, and nobody numbers more than the limit beyond what it has released: however
        // far our application lags, what is numbered lies within the limit of what we have received.
        var ahead = token.Seq.DistanceFrom(window.Aru);
        var hops = unchecked((int)(token.TokenSeq.Value - ring.LastTokenSeq.Value));
        return token.Header.Node == ring.Predecessor
            && hops <= ring.Members.Count
            && ahead >= 0 && ahead <= ring.NumbersAheadMax
            && token.Seq >= ring.LastSeq
            && token.Seq >= window.High
            && token.Aru <= token.Seq
            && token.Aru.DistanceFrom(token.Seq) >= -ring.NumbersAheadMax - 1
            && (token.AruSetter.IsNone || ring.Members.Contains(token.AruSetter));
    }
}
