using Totem.Core.Diagnostics;
using Totem.Core.Evs;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Recovery;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core;

/// <content>The membership protocol: gather, consensus, and the frames that drive them.</content>
public sealed partial class RingProcessor
{
    /// <summary>How far apart two ring sequences may be; beyond it one of them is garbage. 2^48 rings outlast any cluster.</summary>
    private const ulong RingSequenceDistanceMax = 1UL << 48;

    /// <summary>Joins are repeated every join interval; who was not heard for this many is not heard.</summary>
    private const int JoinsUntilSilent = 6;

    /// <summary>Joins in a row with absurd ring sequences that are near each other before one is believed.</summary>
    private const int InsistencesUntilBelieved = 10;

    private (ulong Sequence, int Count) _insisted;
    private Instant _lastMergeDetectAt = new(long.MinValue / 2);

    private DecodeResult HandleJoin(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = JoinMessage.TryRead(datagram, out var join);
        if (result != DecodeResult.Ok)
            return result;
        if (join!.System == Options.Self)
            Discard(DiscardReason.OwnMessage, join.System);
        else if (!IsAllowed(join.System) || !AreAllowed(join.Proposed) || !AreAllowed(join.Failed) || NamesTooMany(join))
            Discard(DiscardReason.UnknownProcessor, join.System);
        else if (!IsPlausible(join.RingSequence))
            Discard(DiscardReason.AbsurdRingSequence, join.System);
        else
            HandleJoin(join, now);
        return DecodeResult.Ok;
    }

    private static bool IsNear(ulong ringSequence, ulong below) => unchecked(ringSequence - below) <= RingSequenceDistanceMax;

    /// <summary>Who gives somebody up knows it, so both sets together are no larger than one may be.</summary>
    private static bool NamesTooMany(JoinMessage join) =>
        join.Proposed.Count + join.Failed.Except(join.Proposed).Count > ProcessorSet.CountMax;

    /// <summary>
    /// What lies behind raises nothing. What lies too far ahead is garbage, unless somebody insists on it: a processor that
    /// has been led astray once must not stay outside for ever.
    /// </summary>
    private bool IsPlausible(ulong ringSequence)
    {
        if (!RingId.IsLater(ringSequence, _highestRingSequence) || IsNear(ringSequence, _highestRingSequence))
            return true;
        // Several may have been led astray together, and each of them has gone on from there.
        var isNear = IsNear(ringSequence, _insisted.Sequence) || IsNear(_insisted.Sequence, ringSequence);
        _insisted = (ringSequence, isNear ? _insisted.Count + 1 : 1);
        return _insisted.Count > InsistencesUntilBelieved;
    }

    private void HandleJoin(JoinMessage join, Instant now)
    {
        _highestRingSequence = RingId.Later(_highestRingSequence, join.RingSequence);
        var excludesUs = join.Failed.Contains(Options.Self);
        if (!join.IsLeave)
        {
            _neighbours.Heard(join.System, now);
            _neighbours.Hears(join.System, join.Trailer?.Heard ?? ProcessorSet.Empty);
            _neighbours.Shows(join.System, isKin: join.Trailer is not null);
        }

        switch (_state)
        {
            case GatherState gather:
                ApplyJoin(gather, join, now);
                break;
            case OperationalState { Ring: var ring }:
                HandleJoinOnRing(ring, join, excludesUs, now);
                break;
            case CommitState commit when commit.Members.Contains(join.System)
                && (!RingId.IsLater(commit.Ring.Sequence, join.RingSequence) || WillRefuse(commit.Gather, join)):
                GatherAgain(commit.Gather, GatherReason.JoinReceived, join.System, now);
                if (_state == commit.Gather)
                    ApplyJoin(commit.Gather, join, now);
                break;
            case RecoveryState recovery when recovery.Ring.Members.Contains(join.System)
                && !RingId.IsLater(recovery.Ring.Id.Sequence, join.RingSequence):
                GatherAgain(recovery.Gather, GatherReason.JoinReceived, join.System, now);
                if (_state == recovery.Gather)
                    ApplyJoin(recovery.Gather, join, now);
                break;
            case CommitState commit when commit.Members.Contains(join.System) && !join.IsLeave:
                commit.Gather.Lost.StillAsked(join.System, now);
                Discard(DiscardReason.NotInThisState, join.System);
                break;
            default:
                // Joins from before the commit are still on their way; strangers are heard once the ring stands.
                Discard(DiscardReason.NotInThisState, join.System);
                break;
        }
    }

    /// <summary>
    /// A member of the ring to be knows of somebody more. Sets only grow, so it will not take this commit token any more; without a
    /// new agreement everybody would wait for the token until it counts as lost. Not when it has also given up somebody: those who
    /// give each other up would then tear each other's commits for ever. And a farewell may be an earlier life's.
    /// </summary>
    private static bool WillRefuse(GatherState gather, JoinMessage join) =>
        !join.IsLeave && !join.Proposed.IsSubsetOf(gather.Proposed) && join.Failed.IsSubsetOf(gather.Failed);

    private void HandleJoinOnRing(TokenRing ring, JoinMessage join, bool excludesUs, Instant now)
    {
        var isMember = ring.Members.Contains(join.System);
        // A stranger that has given up one of us means to form a ring without it. Heeding it would tear ours for its grudge;
        // it will get over it alone, and call again.
        excludesUs |= !isMember && !join.Failed.Intersect(ring.Members).IsEmpty;
        // Until our application reads, nobody is to wait for us.
        excludesUs |= !isMember && IsAside;
        if (excludesUs || (isMember && RingId.IsLater(ring.Id.Sequence, join.RingSequence)) || (join.IsLeave && !isMember))
        {
            Discard(DiscardReason.IrrelevantJoin, join.System);
            return;
        }

        if (!isMember)
        {
            _neighbours.Welcomed(join.System);
            if (!ring.IsSettled)
            {
                Discard(DiscardReason.NotInThisState, join.System);
                return;
            }

            if (IsBlocked(join.System, ring, isCalling: true, now))
                return;
        }

        // Another member's timeout ran out first. The token is as lost to us as to it, and that is what people want to know.
        var elapsed = now - ring.LastTokenAt;
        if (isMember && !join.IsLeave && ring.Rest is null && elapsed >= Options.TokenRetransmit
            && join.Failed.IsEmpty && join.Proposed.IsSubsetOf(ring.Members))
            NoteCause(GatherReason.TokenLost, ProcessorSet.Empty, elapsed);
        else if (isMember && !join.IsLeave && !join.Failed.IsEmpty)
            NoteCause(GatherReason.MemberGivenUp, join.Failed, TimeSpan.Zero);
        LeaveRing(join.IsLeave ? GatherReason.MemberLeft : GatherReason.JoinReceived, join.System, now);
        if (!join.IsLeave && _state is GatherState gather)
            ApplyJoin(gather, join, now);
    }

    private void ApplyJoin(GatherState gather, JoinMessage join, Instant now)
    {
        if (now - gather.Since < Options.ConsensusTimeout && IsAboutFormerLife(join))
        {
            Discard(DiscardReason.IrrelevantJoin, join.System);
            return;
        }

        var heardSince = HeardSince(now);
        if (join.IsLeave)
            RefineCause(GatherReason.MemberLeft, join.System);
        else
            gather.Joined(join.System, now);
        if (!join.IsLeave && gather.Candidates.Contains(join.System))
            gather.Lost.Shown(join.System, join.RingSequence, now);
        if (join.Failed.Contains(Options.Self) && !join.IsLeave)
            _neighbours.ExcludedBy(join.System, join.Proposed.Except(join.Failed), heardSince);
        else if (!gather.Failed.Contains(join.System))
            _neighbours.Welcomed(join.System); // A join from before it excluded us may come late; it is no welcome.
        var lastMembers = _installed?.Members ?? ProcessorSet.Empty;
        var brokenCount = gather.Broken.Count;
        var outcome = JoinRules.Apply(gather, join, Options.Self, lastMembers, heardSince);
        foreach (var link in gather.Broken.Skip(brokenCount))
            _observer.OnEvent(new RingEvent(RingEventKind.LinkBroken, _ring, link.Listener, link.Speaker));
        switch (outcome)
        {
            case JoinOutcome.Agreed:
                CheckConsensus(gather, now);
                break;
            case JoinOutcome.Changed:
                AskAgain(gather, now, join.Proposes(gather.Proposed, gather.Failed) ? join.System : ProcessorId.None);
                break;
            default:
                Discard(DiscardReason.IrrelevantJoin, join.System);
                break;
        }
    }

    /// <summary>
    /// Before our first ring nobody has anything against us but that it does not hear us, and then it says so. Somebody was given up
    /// of this name, and dies as we are born. Giving up its sender in turn would part those who hear us both. What is still said
    /// when a consensus should have been reached is about this life, and who did not heed it then could wait for its sender for ever.
    /// </summary>
    private bool IsAboutFormerLife(JoinMessage join) =>
        _installed is null && !join.IsLeave && join.Failed.Contains(Options.Self) && join.Trailer?.Silent.Contains(Options.Self) != true;

    /// <summary>
    /// How far back "we hear it" reaches. Who is in commit sends no joins until the commit token is lost or comes; it must
    /// not be taken for dead, or for deaf, because of that.
    /// </summary>
    private Instant HeardSince(Instant now) =>
        new(now.Ticks - Options.TokenTimeout.Ticks - (JoinsUntilSilent * Options.JoinInterval.Ticks));

    private GatherState GatherFor(ProcessorSet proposed, ProcessorSet failed, Instant now) =>
        new(Options.Self, proposed, failed, now, Options.JoinInterval * JoinsUntilSilent, Options.TokenTimeout / 2);

    /// <summary>Leaves an operational ring to form another, with a stranger or without a member.</summary>
    private void LeaveRing(GatherReason reason, ProcessorId peer, Instant now)
    {
        Invariant.That(_installed is not null, "a ring is left by who is on it");
        NoteCause(reason, peer.IsNone ? ProcessorSet.Empty : ProcessorSet.Of(peer), TimeSpan.Zero);
        var proposed = _installed.Members;
        if (!peer.IsNone && proposed.Count < ProcessorSet.CountMax)
            proposed = proposed.With(peer);
        var failed = reason == GatherReason.MemberLeft ? ProcessorSet.Of(peer) : ProcessorSet.Empty;
        var isOurs = _cause is { Reason: GatherReason.StoodStill };
        EnterGather(GatherFor(proposed, failed, now), isOurs ? GatherReason.StoodStill : reason, peer, now);
    }

    /// <summary>Leaves an operational ring because a member of it is of no use any more.</summary>
    private void GiveUpMember(ProcessorId member, GatherReason reason, TimeSpan elapsed, Instant now)
    {
        NoteCause(reason, ProcessorSet.Of(member), elapsed);
        _observer.OnEvent(new RingEvent(RingEventKind.MemberSuspected, _ring, member, Reason: reason));
        EnterGather(
            GatherFor(_installed!.Members, ProcessorSet.Of(member), now), reason, member, now);
    }

    private bool SuspectUnreachable(ProcessorId peer, Instant now)
    {
        RefineCause(GatherReason.MemberUnreachable, peer);
        switch (_state)
        {
            case OperationalState { Ring: var ring } when ring.Members.Contains(peer):
                GiveUpMember(peer, GatherReason.MemberUnreachable, TimeSpan.Zero, now);
                return true;
            case GatherState gather when gather.Candidates.Contains(peer)
                && !gather.HasJoinedSince(peer, new Instant(now.Ticks - Options.JoinInterval.Ticks)):
                if (!gather.TryFail(peer))
                    return false;
                AskAgain(gather, now);
                return true;
            case CommitState commit when commit.Members.Contains(peer):
                commit.Gather.TryFail(peer);
                GatherAgain(commit.Gather, GatherReason.MemberUnreachable, peer, now);
                return true;
            case RecoveryState recovery when recovery.Ring.Members.Contains(peer):
                recovery.Gather.TryFail(peer);
                GatherAgain(recovery.Gather, GatherReason.MemberUnreachable, peer, now);
                return true;
            default:
                return false; // Nobody we count on.
        }
    }

    /// <summary>Our sets have changed: say so, and wait for everybody to agree anew.</summary>
    /// <param name="gather">The gather.</param>
    /// <param name="now">The time.</param>
    /// <param name="agreed">Who has just said what we say now, and need not say it again; nobody if that is not so.</param>
    private void AskAgain(GatherState gather, Instant now, ProcessorId agreed = default)
    {
        gather.ForgetAgreement();
        gather.Agree(agreed);
        SendJoin(gather, now);
        _deadlines.Set(Deadline.Join, now + Options.JoinInterval);
        _deadlines.Set(Deadline.Consensus, now + Options.ConsensusTimeout);
        CheckConsensus(gather, now);
    }

    private void CheckConsensus(GatherState gather, Instant now)
    {
        if (!gather.HasConsensus || gather.Candidates.Lowest != Options.Self)
            return;
        // Who has heard nobody yet gives others a moment to be heard, instead of installing a ring of one first.
        if (gather.Proposed.Count == 1 && now - gather.Since < Options.AloneTimeout)
            return;
        if (gather.Candidates.Count > 1 && gather.Lost.AreTooMany && LeaveOutCulprit(gather, now))
            return;
        StartCommit(gather, now);
    }

    /// <summary>Two commit tokens in a row were lost: the ring is formed without whoever lost them.</summary>
    private bool LeaveOutCulprit(GatherState gather, Instant now)
    {
        var culprit = gather.Lost.FindCulprit(gather.Candidates, Options.Self);
        var changed = false;
        // If it is we, the others hear from us that they should go on without us.
        foreach (var id in culprit == Options.Self ? gather.Candidates.Without(culprit) : ProcessorSet.Of(culprit))
            changed |= gather.TryFail(id);
        if (!changed)
            return false;
        _observer.OnEvent(new RingEvent(RingEventKind.MemberSuspected, _ring, culprit, Reason: GatherReason.CommitTokenLost));
        AskAgain(gather, now);
        return true;
    }

    private void Expire(Deadline deadline, Instant now)
    {
        switch (deadline, _state)
        {
            case (Deadline.TokenLoss, OperationalState { Ring: var ring }):
                NoteCause(GatherReason.TokenLost, ProcessorSet.Empty, now - ring.LastTokenAt);
                LeaveRing(GatherReason.TokenLost, ProcessorId.None, now);
                break;
            case (Deadline.TokenLoss, CommitState { Gather: var gather, Ring: var lost }):
                gather.Lost.Lost(lost.Sequence, now);
                GatherAgain(gather, GatherReason.CommitTokenLost, ProcessorId.None, now);
                break;
            case (Deadline.TokenLoss, RecoveryState { Gather: var gather }):
                GatherAgain(gather, GatherReason.RecoveryTokenLost, ProcessorId.None, now);
                break;
            case (Deadline.TokenRetransmit, OperationalState or CommitState or RecoveryState):
                _holder.Repeat(_ring, now);
                break;
            case (Deadline.TokenHold, OperationalState { Ring: { Rest: { } rest } ring }):
                _holder.EndRest(ring, rest, now);
                break;
            case (Deadline.Join, GatherState gather):
                SendJoin(gather, now);
                _deadlines.Set(Deadline.Join, now + Options.JoinInterval);
                CheckConsensus(gather, now);
                break;
            case (Deadline.Consensus, GatherState gather):
                ExpireConsensus(gather, now);
                break;
            case (Deadline.MergeDetect, OperationalState { Ring: var ring }):
                if (!IsAside)
                    SendMergeDetect(ring, now);
                _deadlines.Set(Deadline.MergeDetect, now + Options.MergeDetectInterval);
                break;
            case (Deadline.FirstMulticast, OperationalState { Ring: var ring }):
                _frames.IsHeldBack = false;
                if (_frames.QueuedFrames > 0)
                    _holder.Wake(ring, now);
                break;
            default:
                Invariant.That(condition: false, $"the deadline {deadline} is not set in {_state.Phase}");
                break;
        }
    }

    private void ExpireConsensus(GatherState gather, Instant now)
    {
        if (gather.HasConsensus)
        {
            // All agreed, and the commit token did not come: whoever should have made it must speak up again.
            gather.ForgetAgreement();
            _deadlines.Set(Deadline.Consensus, now + Options.ConsensusTimeout);
            SendJoin(gather, now);
            CheckConsensus(gather, now);
            return;
        }

        foreach (var id in gather.FailTheSilent(HeardSince(now)))
        {
            _observer.OnEvent(new RingEvent(
                RingEventKind.MemberSuspected, _ring, id, Reason: GatherReason.ConsensusTimeout));
        }

        _observer.OnEvent(new RingEvent(RingEventKind.EnteredGather, _ring, Reason: GatherReason.ConsensusTimeout));
        AskAgain(gather, now);
    }

    private void SendJoin(GatherState gather, Instant now) => SendJoin(
        new JoinMessage(
            new FrameHeader(FrameKind.Join, Encapsulation.None, Options.Self),
            Options.Self, _ring.Sequence, gather.Proposed, gather.Failed)
        {
            Trailer = gather.Explain(_neighbours.HeardLately(now)),
        });

    /// <summary>wire.md section 9.13: a join without a node id in its header, with ourselves as failed.</summary>
    private void SendFarewell() => SendJoin(
        new JoinMessage(
            new FrameHeader(FrameKind.Join, Encapsulation.None, ProcessorId.None),
            Options.Self, _ring.Sequence, (_installed?.Members ?? ProcessorSet.Empty).Without(Options.Self),
            ProcessorSet.Of(Options.Self)));

    private void SendJoin(JoinMessage join)
    {
        var buffer = _buffers.Rent(join.EncodedBytes);
        var writer = new WireWriter(buffer);
        join.Write(ref writer);
        _outbox.Add(ProcessorId.None, buffer, writer.WrittenBytes);
    }

    private void SendMergeDetect(TokenRing ring, Instant now)
    {
        _lastMergeDetectAt = now;
        var trailer = _neighbours.Tell(now);
        var buffer = _buffers.Rent(WireFormat.MergeDetectBytes + trailer.EncodedBytes);
        var writer = new WireWriter(buffer);
        new MergeDetect(
            new FrameHeader(FrameKind.MergeDetect, Encapsulation.None, Options.Self), Options.Self, ring.Id).Write(ref writer);
        trailer.Write(ref writer);
        _outbox.Add(ProcessorId.None, buffer, writer.WrittenBytes);
    }

    private void SendMergeDetectProbe(TokenRing ring, Instant now)
    {
        if (now - _lastMergeDetectAt >= Options.MergeDetectInterval)
            SendMergeDetect(ring, now);
    }
}
