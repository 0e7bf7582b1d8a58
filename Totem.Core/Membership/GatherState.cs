using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>
/// Agreeing on a membership: the proc set and fail set we propose, and who has proposed the same. Both sets only grow
/// until a ring is installed, so agreement is reached or somebody is given up after finitely many joins (TOCS95, the
/// membership protocol).
/// </summary>
internal sealed class GatherState : ProcessorState
{
    private readonly ProcessorId _self;
    private readonly Dictionary<ProcessorId, Instant> _joinedAt = [];
    private readonly List<BrokenLink> _broken = [];

    public GatherState(ProcessorId self, ProcessorSet proposed, ProcessorSet failed, Instant since,
        TimeSpan promptness = default, TimeSpan lossMin = default)
    {
        Lost = new LostCommits(since, promptness, lossMin);
        _self = self;
        Proposed = proposed.With(self);
        Failed = failed.Intersect(Proposed).Without(self);
        Agreed = ProcessorSet.Of(self);
        Since = since;
        Invariant.That(Candidates.Contains(self), "a processor counts on itself");
    }

    public override RingPhase Phase => RingPhase.Gather;

    public override void CheckInvariants(DeadlineTable deadlines)
    {
        Invariant.That(deadlines.IsSet(Deadline.Join), "a join is repeated");
        Invariant.That(deadlines.IsSet(Deadline.Consensus), "a gather comes to an end");
        Invariant.That(!deadlines.IsSet(Deadline.TokenLoss), "nobody waits for a token that has been given up");
    }

    /// <summary>The processors that are known (proc set).</summary>
    public ProcessorSet Proposed { get; private set; }

    /// <summary>The processors that are given up (fail set): always some of the proc set and never ourselves, so there
    /// is room for every candidate.</summary>
    public ProcessorSet Failed { get; private set; }

    /// <summary>Those of the fail set that we have heard nothing from ourselves.</summary>
    public ProcessorSet Silent { get; private set; } = ProcessorSet.Empty;

    /// <summary>The processors that have proposed the same sets as we do.</summary>
    public ProcessorSet Agreed { get; private set; }

    /// <summary>When we began to look.</summary>
    public Instant Since { get; }

    /// <summary>Commit tokens that did not come back since then.</summary>
    public LostCommits Lost { get; }

    /// <summary>Links that carry nothing although somebody hears both ends.</summary>
    public IReadOnlyList<BrokenLink> Broken => _broken;

    /// <summary>The processors that would be on the ring.</summary>
    public ProcessorSet Candidates => Proposed.Except(Failed);

    /// <summary>Others look for a ring too, whether or not it will be ours.</summary>
    public bool HasHeardJoins => _joinedAt.Count > 0;

    public bool HasConsensus => Candidates.IsSubsetOf(Agreed);

    public bool Knows(ProcessorId id) => Proposed.Contains(id);

    /// <summary>A join came from this processor.</summary>
    public void Joined(ProcessorId id, Instant now)
    {
        if (_joinedAt.Count >= ProcessorSet.MaxCount && !_joinedAt.ContainsKey(id))
            _joinedAt.Remove(_joinedAt.MinBy(x => x.Value).Key);
        _joinedAt[id] = now;
        Invariant.That(_joinedAt.Count <= ProcessorSet.MaxCount, "no more joins are remembered than a set holds");
    }

    /// <summary>True when a join of this processor came since then.</summary>
    public bool HasJoinedSince(ProcessorId id, Instant since) => _joinedAt.TryGetValue(id, out var at) && at >= since;

    public void Agree(ProcessorId id)
    {
        // A processor that is no candidate agrees to a ring without itself: that counts for nothing, and must not fill
        // the set.
        if (Candidates.Contains(id))
            Agreed = Agreed.With(id);
    }

    /// <summary>Everybody must say it again: sets have changed, or the commit token did not come.</summary>
    public void ForgetAgreement()
    {
        Agreed = ProcessorSet.Of(_self);
        Invariant.That(Failed.Count < Proposed.Count, "a processor never gives all up");
    }

    /// <summary>Adds to the proc set; false when nothing is new, or the set would grow over its limit.</summary>
    public bool TryPropose(ProcessorSet others)
    {
        if (others.IsSubsetOf(Proposed) || Proposed.Count + others.Except(Proposed).Count > ProcessorSet.MaxCount)
            return false;
        Proposed = Proposed.Union(others);
        Invariant.That(Proposed.Count <= ProcessorSet.MaxCount, "no more are known than a set holds");
        return true;
    }

    /// <summary>Gives somebody up; false when that is no news, or there is no room to know of it.</summary>
    public bool TryFail(ProcessorId id)
    {
        // A failed processor counts as known: the sets that are compared must hold it in both.
        if (id == _self || Failed.Contains(id) || (!Knows(id) && !TryPropose(ProcessorSet.Of(id))))
            return false;
        Failed = Failed.With(id);
        Invariant.That(Proposed.Contains(id), "a processor that is given up is known");
        Invariant.That(!Failed.Contains(_self), "a processor does not give itself up");
        Lost.Forgive();
        return true;
    }

    /// <summary>Gives those up who have not agreed; we have heard nothing of them ourselves.</summary>
    public ProcessorSet FailTheSilent(Instant heardSince)
    {
        var missing = Candidates.Except(Agreed);
        foreach (var id in missing)
        {
            if (TryFail(id) && !HasJoinedSince(id, heardSince))
                Silent = Silent.With(id);
        }

        return missing;
    }

    /// <summary>Notes a broken link; false when it is known, or one too many.</summary>
    public bool TryBreak(BrokenLink link)
    {
        if (_broken.Count == BrokenLinkList.CountMax || _broken.Contains(link))
            return false;
        _broken.Add(link);
        Invariant.That(_broken.Count <= BrokenLinkList.CountMax, "no more links are remembered than a join holds");
        return true;
    }

    public bool IsBroken(BrokenLink link) => _broken.Contains(link);

    /// <summary>
    /// Of the two ends of a broken link one must go. The processor at the end of most links goes first, of two equals
    /// the higher id, so that all who know the same links give up the same processors.
    /// </summary>
    public bool ResolveBrokenLinks()
    {
        var changed = false;
        while (true)
        {
            var worst = ProcessorId.None;
            var worstCount = 0;
            foreach (var id in Candidates)
            {
                var count = _broken.Count(link => link.Includes(id)
                    && Candidates.Contains(link.Listener) && Candidates.Contains(link.Speaker));
                if (count > 0 && count >= worstCount)
                    (worst, worstCount) = (id, count);
            }

            if (worst.IsNone)
                return changed;
            if (worst == _self)
                return FailPartners() || changed;
            if (!TryFail(worst))
                return changed;
            changed = true;
        }
    }

    /// <summary>It is we who must go: give our partners up, which is how the others see it from their side.</summary>
    private bool FailPartners()
    {
        var changed = false;
        foreach (var link in _broken.Where(x => x.Includes(_self)).ToArray())
            changed |= TryFail(link.OtherEnd(_self));
        return changed;
    }

    /// <summary>Why the fail set is what it is, for our next join.</summary>
    public JoinTrailer Explain(ProcessorSet heard) => new(Silent, [.. _broken], heard);
}
