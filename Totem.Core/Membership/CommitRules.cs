using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>How a commit token is made, judged and filled in (TOCS95, the membership protocol; WIRE §9.6 to
/// §9.8).</summary>
internal static class CommitRules
{
    /// <summary>We are the lowest id of those who agree: a commit token without an entry.</summary>
    public static CommitToken Create(RingId ring, ProcessorSet members)
    {
        Invariant.That(ring.Representative == members.Lowest, "the lowest of those who agree makes the commit token");
        return new CommitToken(
            new FrameHeader(FrameKind.CommitToken, Encapsulation.None, ring.Representative),
            new TokenSeq(0), ring, 0, 0, members, new CommitEntry[members.Count]);
    }

    /// <summary>The token commits to what this gather has agreed on, and it is our turn to fill it in.</summary>
    public static bool IsOurTurn(CommitToken token, GatherState gather, ProcessorId self, RingId current) =>
        token.Members == gather.Candidates && token.FilledCount == token.Members.IndexOf(self)
        && RingId.IsLater(token.Ring.Sequence, current.Sequence);

    /// <summary>The token has been to all and brings our entry back, but for a flag that others may lower.</summary>
    public static bool IsAnswered(CommitToken token, CommitState commit, ProcessorId self) =>
        token.Ring == commit.NewRing && token.IsComplete && token.Members == commit.Members
        && token.Entries[token.Members.IndexOf(self)] with { ReceivedFlag = commit.Own.ReceivedFlag } == commit.Own;

    /// <summary>The token with our entry in it.</summary>
    public static CommitToken FillIn(CommitToken token, CommitEntry own, ProcessorId self)
    {
        var rank = token.FilledCount;
        Invariant.That(rank < token.Members.Count, "a commit token is filled in once by each member");
        Invariant.That(token.Members[rank] == self, "a commit token is filled in at one's own place");
        Invariant.That(token.Entries.Length == token.Members.Count, "a commit token has an entry for each member");
        var entries = (CommitEntry[])token.Entries.Clone();
        entries[rank] = own;
        LowerReceivedFlags(entries.AsSpan(0, rank + 1), own.OldRing);
        return token with { Entries = entries, FilledCount = rank + 1 };
    }

    /// <summary>A member that has less than another of the same old ring has not received
    /// everything (WIRE §9.8, step 3).</summary>
    private static void LowerReceivedFlags(Span<CommitEntry> entries, RingId oldRing)
    {
        Seq? highest = null;
        foreach (var entry in entries)
        {
            if (entry.OldRing == oldRing && (highest is null || entry.Aru > highest.Value))
                highest = entry.Aru;
        }

        foreach (ref var entry in entries)
        {
            if (entry.OldRing == oldRing && entry.Aru != highest)
                entry = entry with { ReceivedFlag = false };
        }
    }
}
