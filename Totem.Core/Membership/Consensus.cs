using Totem.Core.Diagnostics;
using Totem.Core.Ordering;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>
/// The steps by which members are agreed on: joins move the sets of the gather, and when all propose the same, the
/// lowest of them makes a commit token (TOCS95, the membership protocol; WIRE §9.2, §9.3 and §9.6).
/// </summary>
internal sealed class Consensus(
    RingOptions options, RingTrail trail, ChangeCause cause, Neighbourhood neighbours, Announcements announcements,
    DeadlineTable deadlines, IRingObserver observer)
{
    /// <summary>Our sets have changed: say so, and wait for everybody to agree anew.</summary>
    /// <param name="gather">The gather.</param>
    /// <param name="now">The time.</param>
    /// <param name="agreed">The processor that has just said what we say now, and need not say it again; nobody if that
    /// is not so.</param>
    public Transition? AskAgain(GatherState gather, Instant now, ProcessorId agreed = default)
    {
        gather.ForgetAgreement();
        gather.Agree(agreed);
        announcements.SendJoin(gather, now);
        deadlines.Set(Deadline.Join, now + options.JoinInterval);
        deadlines.Set(Deadline.Consensus, now + options.ConsensusTimeout);
        return Check(gather, now);
    }

    /// <summary>A join is repeated: a copy may have been lost.</summary>
    public Transition? RepeatJoin(GatherState gather, Instant now)
    {
        announcements.SendJoin(gather, now);
        deadlines.Set(Deadline.Join, now + options.JoinInterval);
        return Check(gather, now);
    }

    /// <summary>The time in which all should have agreed is over.</summary>
    public Transition? Expire(GatherState gather, Instant now)
    {
        if (gather.HasConsensus)
        {
            // All agreed, and the commit token did not come: the processor that should have made it must speak up
            // again.
            gather.ForgetAgreement();
            deadlines.Set(Deadline.Consensus, now + options.ConsensusTimeout);
            announcements.SendJoin(gather, now);
            return Check(gather, now);
        }

        foreach (var id in gather.FailTheSilent(neighbours.HeardSince(now)))
            Suspect(id, GatherReason.ConsensusTimeout);
        observer.OnEvent(new RingEvent(
            RingEventKind.EnteredGather, trail.Current, Reason: GatherReason.ConsensusTimeout));
        return AskAgain(gather, now);
    }

    /// <summary>A join has come while we gather.</summary>
    public Transition? Apply(GatherState gather, JoinMessage join, Instant now)
    {
        if (now - gather.Since < options.ConsensusTimeout && IsAboutFormerLife(join))
            return new Transition.Ignored(DiscardReason.IrrelevantJoin, join.System);

        var heardSince = neighbours.HeardSince(now);
        NoteSender(gather, join, heardSince, now);
        var brokenCount = gather.Broken.Count;
        var outcome = JoinRules.Apply(gather, join, options.Self, trail.LastMembers, heardSince);
        foreach (var link in gather.Broken.Skip(brokenCount))
            observer.OnEvent(new RingEvent(RingEventKind.LinkBroken, trail.Current, link.Listener, link.Speaker));
        return outcome switch
        {
            JoinOutcome.Agreed => Check(gather, now),
            JoinOutcome.Changed =>
                AskAgain(gather, now, join.Proposes(gather.Proposed, gather.Failed) ? join.System : ProcessorId.None),
            _ => new Transition.Ignored(DiscardReason.IrrelevantJoin, join.System),
        };
    }

    private void NoteSender(GatherState gather, JoinMessage join, Instant heardSince, Instant now)
    {
        if (join.IsLeave)
            cause.Refine(GatherReason.MemberLeft, join.System);
        else
            gather.Joined(join.System, now);
        if (!join.IsLeave && gather.Candidates.Contains(join.System))
            gather.Lost.Shown(join.System, join.RingSequence, now);
        if (join.Failed.Contains(options.Self) && !join.IsLeave)
            neighbours.ExcludedBy(join.System, join.Proposed.Except(join.Failed), heardSince);
        else if (!gather.Failed.Contains(join.System))
            neighbours.Welcomed(join.System); // A join from before it excluded us may come late; it is no welcome.
    }

    /// <summary>
    /// Before our first ring nobody has anything against us but that it does not hear us, and then it says so. Somebody
    /// was given up of this name, and dies as we are born. Giving up its sender in turn would part those who hear us
    /// both. A join that still says so when a consensus should have been reached is about this life, and a processor
    /// that did not heed it then could wait for its sender for ever.
    /// </summary>
    private bool IsAboutFormerLife(JoinMessage join) => trail.LastMembers.IsEmpty && !join.IsLeave
        && join.Failed.Contains(options.Self) && join.Trailer?.Silent.Contains(options.Self) != true;

    private Transition? Check(GatherState gather, Instant now)
    {
        if (!gather.HasConsensus || gather.Candidates.Lowest != options.Self)
            return null;
        // A processor that has heard nobody yet gives others a moment to be heard, instead of installing a ring of one
        // first.
        if (gather.Proposed.Count == 1 && now - gather.Since < options.AloneTimeout)
            return null;
        if (gather.Candidates.Count > 1 && gather.Lost.AreTooMany)
        {
            var isLeftOut = LeaveOutCulprit(gather);
            if (isLeftOut)
                return AskAgain(gather, now);
        }

        return new Transition.ToCommit(gather, CommitRules.Create(trail.NextOf(options.Self), gather.Candidates));
    }

    /// <summary>Two commit tokens in a row were lost: the ring is formed without the processor that lost
    /// them.</summary>
    /// <returns>False when that changes nothing.</returns>
    private bool LeaveOutCulprit(GatherState gather)
    {
        var culprit = gather.Lost.FindCulprit(gather.Candidates, options.Self);
        var changed = false;
        // If it is we, the others hear from us that they should go on without us.
        foreach (var id in culprit == options.Self ? gather.Candidates.Without(culprit) : ProcessorSet.Of(culprit))
            changed |= gather.TryFail(id);
        if (changed)
            Suspect(culprit, GatherReason.CommitTokenLost);
        return changed;
    }

    private void Suspect(ProcessorId id, GatherReason reason) =>
        observer.OnEvent(new RingEvent(RingEventKind.MemberSuspected, trail.Current, id, Reason: reason));
}
