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

    /// <summary>Why a loan is dropped; null when it is to be taken.</summary>
    public static DiscardReason? Objection(in TokenLoan loan, TokenRing ring)
    {
        var lender = ring.Members.IndexOf(loan.Header.Node);
        if (lender < 0)
            return DiscardReason.UnknownProcessor;
        // The token came by us on its way to where it rests: the hops between us are known.
        var hops = lender - ring.Members.IndexOf(ring.Self);
        if (hops < 0)
            hops += ring.Members.Count;
        if (hops == 0 || loan.TokenSeq.Value != unchecked(ring.LastTokenSeq.Value + (uint)hops))
            return DiscardReason.StaleToken;
        if (ring.LastLoan is { } last && last.TokenSeq == loan.TokenSeq && loan.Number <= last.Number)
            // The same again is to be answered again.
            return loan.Number == last.Number ? null : DiscardReason.StaleToken;
        var ahead = loan.Seq.DistanceFrom(ring.Log.Window.Aru);
        return ahead >= 0 && ahead <= ring.NumbersAheadMax && loan.Seq >= ring.LastSeq
            && loan.Seq >= ring.Log.Window.High
            ? null
            : DiscardReason.AbsurdToken;
    }

    /// <summary>A token that no correct member sends: dropping it loses the token, which the ring survives.</summary>
    private static bool IsPlausible(in RegularToken token, TokenRing ring)
    {
        var window = ring.Log.Window;
        // Nobody releases what we have not said we have, and nobody numbers more than the limit beyond what it has
        // released: however far our application lags, what is numbered lies within the limit of what we have received.
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
