using Totem.Core.Diagnostics;
using Totem.Core.Evs;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Recovery;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core;

/// <content>The transitions: one Enter* method each, the only places that assign the state.</content>
public sealed partial class RingProcessor
{
    /// <summary>Ended rings the application may lag behind; beyond it the processor stops rather than grow.</summary>
    private const int WaitingChangesMax = 64;

    /// <summary>
    /// How long, in join intervals, those who went on without us are given to form their ring. A daemon that misses a join
    /// (it drops what it reads before it handles a token) agrees with the next, whole join intervals after we were alone: halfway
    /// between two of them nobody is forming anything, and the second is for one more that is missed.
    /// </summary>
    private const double JoinsUntilOthersStand = 2.5;

    private (GatherReason Reason, ProcessorSet Suspects, TimeSpan Elapsed)? _cause;

    /// <summary>The first reason is the one that people want to know; what happens on the way to the next ring is detail.</summary>
    private void NoteCause(GatherReason reason, ProcessorSet suspects, TimeSpan elapsed) =>
        _cause ??= IsDueToPause(reason, suspects)
            ? (GatherReason.StoodStill, ProcessorSet.Of(Options.Self), _pause!.Value.Length)
            : (reason, suspects, elapsed);

    /// <summary>We were called by who knew first, and now know ourselves what became of the member.</summary>
    private void RefineCause(GatherReason reason, ProcessorId peer)
    {
        if (_cause is { Reason: GatherReason.MemberGivenUp } cause && cause.Suspects.Contains(peer))
            _cause = (reason, ProcessorSet.Of(peer), TimeSpan.Zero);
    }

    private void EnterGather(GatherState gather, GatherReason reason, ProcessorId peer, Instant now)
    {
        _state = gather;
        _deadlines.ClearAll();
        _observer.OnEvent(new RingEvent(RingEventKind.EnteredGather, _ring, peer, Reason: reason));
        AskAgain(gather, now);
    }

    /// <summary>A commit or recovery came to nothing: back to what had been agreed on.</summary>
    private void GatherAgain(GatherState gather, GatherReason reason, ProcessorId peer, Instant now)
    {
        if (_state is RecoveryState recovery)
            _windows.Return(recovery.Ring.Log.Window);
        EnterGather(gather, reason, peer, now);
    }

    /// <summary>We are the lowest id of those who agree: create the commit token (wire.md section 9.6).</summary>
    private void StartCommit(GatherState gather, Instant now)
    {
        var members = gather.Candidates;
        var ring = new RingId(Options.Self, unchecked(_highestRingSequence + 4));
        EnterCommit(
            gather,
            new CommitToken(
                new FrameHeader(FrameKind.CommitToken, Encapsulation.None, Options.Self),
                new TokenSeq(0), ring, 0, 0, members, new CommitEntry[members.Count]),
            now);
    }

    private DecodeResult HandleCommitToken(ReadOnlySpan<byte> datagram, Instant now)
    {
        var result = CommitToken.TryRead(datagram, out var token);
        if (result != DecodeResult.Ok)
            return result;
        var rank = token!.Members.IndexOf(Options.Self);
        switch (_state)
        {
            case GatherState gather when token.Members == gather.Candidates && token.FilledCount == rank
                && RingId.IsLater(token.Ring.Sequence, _ring.Sequence) && IsPlausible(token.Ring.Sequence):
                EnterCommit(gather, token, now);
                break;
            case CommitState commit when token.Ring == commit.Ring && token.IsComplete && token.Members == commit.Members
                && token.Entries[rank] with { ReceivedFlag = commit.Own.ReceivedFlag } == commit.Own:
                EnterRecovery(commit, token, now);
                break;
            case RecoveryState { HasStartedToken: false, Ring: { IsRepresentative: true } ring } recovery
                when token.Ring == ring.Id && token.IsComplete:
                StartToken(recovery, now);
                break;
            case GatherState or CommitState or RecoveryState:
                Discard(_history.Contains(token.Ring) ? DiscardReason.StaleRing : DiscardReason.ForeignRing, token.Header.Node);
                break;
            default:
                // Who is operational did not ask for a new ring.
                Discard(DiscardReason.NotInThisState, token.Header.Node);
                break;
        }

        return DecodeResult.Ok;
    }

    /// <summary>Fills in our entry and passes the commit token on (wire.md section 9.8).</summary>
    private void EnterCommit(GatherState gather, CommitToken token, Instant now)
    {
        var rank = token.FilledCount;
        Invariant.That(token.Members[rank] == Options.Self, "a commit token is filled in at one's own place");
        var own = new CommitEntry(_firstRing, Options.FirstSeq, Options.FirstSeq, ReceivedFlag: true);
        if (_installed is { } old)
        {
            var window = old.Log.Window;
            own = new CommitEntry(old.Id, window.Aru, old.Log.DeliverableThrough, window.Aru == window.High);
        }

        var entries = (CommitEntry[])token.Entries.Clone();
        entries[rank] = own;
        LowerReceivedFlags(entries.AsSpan(0, rank + 1), own.OldRing);

        _ring = token.Ring;
        _highestRingSequence = RingId.Later(_highestRingSequence, _ring.Sequence);
        _history.Add(_ring);
        PendingStore = _ring.Sequence;
        gather.Lost.Committed(now);
        _state = new CommitState(token, own, gather);
        _deadlines.ClearAll();
        _deadlines.Set(Deadline.TokenLoss, now + Options.TokenTimeout);
        _observer.OnEvent(new RingEvent(RingEventKind.EnteredCommit, _ring, token.Header.Node, Count: token.Members.Count));
        PassCommitToken(token with { Entries = entries, FilledCount = rank + 1 }, now);
    }

    /// <summary>Who has less than another of the same old ring has not received everything (wire.md section 9.8, step 3).</summary>
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

    private void PassCommitToken(CommitToken token, Instant now)
    {
        var passed = token with
        {
            Header = new FrameHeader(FrameKind.CommitToken, Encapsulation.None, Options.Self),
            TokenSeq = token.TokenSeq.Next,
        };
        _holder.PassCommit(passed, token.Members.SuccessorOf(Options.Self), now);
    }

    /// <summary>The commit token comes the second time: all have declared what they hold (wire.md section 9.10).</summary>
    private void EnterRecovery(CommitState commit, CommitToken token, Instant now)
    {
        var ring = new TokenRing(token.Ring, token.Members, Options, _windows.Rent(Options.FirstSeq));
        var (transitional, highDelivered, plan) = PlanExchange(token);
        var recovery = new RecoveryState(ring, transitional, highDelivered, plan, commit.Gather);
        if (_installed is { } old)
            recovery.TakeOver(old.Obligation);
        _state = recovery;
        _deadlines.ClearAll();
        _deadlines.Set(Deadline.TokenLoss, now + Options.TokenTimeout);
        _observer.OnEvent(new RingEvent(RingEventKind.EnteredRecovery, ring.Id, Count: plan.QueuedFrames));
        PassCommitToken(token, now);
    }

    private (ProcessorSet Transitional, Seq HighDelivered, ExchangePlan Plan) PlanExchange(CommitToken token)
    {
        if (_installed is not { } old)
            return (ProcessorSet.Empty, Options.FirstSeq, new ExchangePlan(Options.Self, old: null, note: null));
        var transitional = ProcessorSet.Empty;
        var highDelivered = old.Log.DeliverableThrough;
        var low = old.Log.Window.Aru;
        var haveAll = true;
        for (var i = 0; i < token.Members.Count; i++)
        {
            var entry = token.Entries[i];
            if (entry.OldRing != old.Id || !old.Members.Contains(token.Members[i]))
                continue;
            transitional = transitional.With(token.Members[i]);
            highDelivered = Seq.Max(highDelivered, entry.HighDelivered);
            haveAll &= entry.ReceivedFlag && entry.Aru == old.Log.Window.Aru;
            low = Seq.Min(low, entry.Aru);
        }

        Invariant.That(transitional.Contains(Options.Self), "we come along from our own ring");
        var note = old.Obligation.IsEmpty ? null : new RecoveryNote(old.Id, old.Obligation);
        var plan = new ExchangePlan(Options.Self, old.Log.Window, note);
        if (!haveAll)
            plan.PlanAbove(Seq.Max(low, old.Log.SafeThrough)); // All have what is safe, whatever an entry claims.
        return (transitional, highDelivered, plan);
    }

    /// <summary>The commit token is back at the representative: the first regular token sets out (wire.md sections 6.2, 9.10).</summary>
    private void StartToken(RecoveryState recovery, Instant now)
    {
        recovery.HasStartedToken = true;
        var ring = recovery.Ring;
        var token = new RegularToken(
            new FrameHeader(FrameKind.RegularToken, Encapsulation.None, Options.Self),
            Options.FirstSeq, Options.FirstTokenSeq, Options.FirstSeq - 1, Options.Self, ring.Id, 0, 0,
            recovery.FirstRetransFlag(), 0);
        _holder.Start(ring, token, now);
    }

    /// <summary>
    /// All have everything and know it of each other: end the old ring, install the new one (wire.md section 9.12; EVS94).
    /// </summary>
    private void EnterOperational(RecoveryState recovery, Instant now)
    {
        var ring = recovery.Ring;
        var old = _installed;
        var joined = ring.Members.Except(recovery.Transitional);
        var left = old is null ? ProcessorSet.Empty : old.Members.Except(recovery.Transitional);
        var cause = TakeCause(old?.Members, joined, left);
        var configuration = new Configuration(ConfigurationKind.Regular, ring.Id, old?.Id ?? default, ring.Members);
        var regular = new ConfigurationChange(configuration, joined, ProcessorSet.Empty, cause);
        var delivery = new RingDelivery(ring.Id, ring.Log, _lanes, _observer);
        if (old is null)
        {
            _stream.Open(delivery, regular);
        }
        else
        {
            var transitional = new Configuration(ConfigurationKind.Transitional, ring.Id, old.Id, recovery.Transitional);
            _stream.Follow(
                delivery, FindBoundary(old, recovery.HighDelivered), recovery.Obligation,
                new ConfigurationChange(transitional, ProcessorSet.Empty, left, cause), regular);
        }

        _frames.Restart();
        _installed = new InstalledRing(configuration, ring, delivery);
        _neighbours.Installed(ring.Members, recovery.Gather.Broken);
        _neighbours.Rest(ring.Members, recovery.Gather.Lost.WereTooMany ? UnfitOf(recovery.Gather) : ProcessorSet.Empty, now);
        ring.UnchangedVisits = 0;
        // A real daemon's windows are fixed, and the sums on the token are shared with it.
        var areKin = _neighbours.AreKin(ring.Members);
        if (areKin)
            ring.Flow.LetGrow(Math.Min(Options.WindowSizeMax, Options.FramesAheadMax / 4));
        ring.Resting = RestRule.Of(Options, areKin);
        ring.Passing = TokenPassing.Of(areKin ? Options.AcceleratedWindow : Options.AcceleratedWindowBesideDaemons);
        ring.Log.AdvanceDeliverable();
        _state = new OperationalState(ring);
        _deadlines.ClearAll();
        if (ring.IsRepresentative)
            _deadlines.Set(Deadline.MergeDetect, now + Options.MergeDetectInterval);
        // Those who go on without us may still be forming their ring. A multicast of ours that reaches a real daemon between its own
        // installation and that of its representative can stop the latter (wire.md section 17).
        _frames.IsHeldBack = ring.Members.Count == 1 && recovery.Gather.HasHeardJoins;
        if (_frames.IsHeldBack)
            _deadlines.Set(Deadline.FirstMulticast, now + (Options.JoinInterval * JoinsUntilOthersStand));
        _observer.OnEvent(new RingEvent(RingEventKind.EnteredOperational, ring.Id, Count: ring.Members.Count));
        if (_stream.WaitingCount > WaitingChangesMax)
        {
            _observer.OnEvent(new RingEvent(RingEventKind.ApplicationTooSlow, ring.Id, Count: _stream.WaitingCount));
            EnterLeft();
        }
    }

    /// <summary>
    /// Where delivery in the old regular configuration ends: before the first hole, and before the first safe message of
    /// which no transitional member knows that all had received it.
    /// </summary>
    private Seq FindBoundary(InstalledRing old, Seq highDelivered)
    {
        var window = old.Log.Window;
        var boundary = old.Log.DeliverableThrough;
        while (window.Contains(boundary.Next)
            && !(window.IsSafe(boundary.Next) && boundary.Next > highDelivered))
            boundary = boundary.Next;
        if (window.Aru < window.High)
            _observer.OnEvent(new RingEvent(RingEventKind.HoleInRecovery, old.Id, Seq: window.Aru.Next));
        return boundary;
    }

    /// <summary>Processors that were given up though it spoke while we gathered.</summary>
    private static ProcessorSet UnfitOf(GatherState gather)
    {
        var unfit = ProcessorSet.Empty;
        foreach (var id in gather.Failed)
        {
            if (gather.HasJoinedSince(id, gather.Since))
                unfit = unfit.With(id);
        }

        return unfit;
    }

    private ConfigurationCause TakeCause(ProcessorSet? oldMembers, ProcessorSet joined, ProcessorSet left)
    {
        var (reason, suspects, elapsed) = _cause ?? (GatherReason.JoinReceived, ProcessorSet.Empty, TimeSpan.Zero);
        (_cause, _pause) = (null, null);
        var lastHolder = ProcessorId.None;
        if (reason == GatherReason.TokenLost && oldMembers is not null && !left.IsEmpty)
        {
            // The token died with the first of the departed, in ring order, whose predecessor is still here.
            suspects = left;
            foreach (var id in left)
            {
                if (left.Contains(oldMembers.PredecessorOf(id)))
                    continue;
                suspects = ProcessorSet.Of(id);
                lastHolder = oldMembers.PredecessorOf(id);
                break;
            }
        }

        return new ConfigurationCause(reason, suspects, lastHolder, elapsed, joined, left);
    }

    private void EnterLeft()
    {
        _state = new LeftState();
        _deadlines.ClearAll();
        _frames.Clear();
        _observer.OnEvent(new RingEvent(RingEventKind.Left, _ring));
    }
}
