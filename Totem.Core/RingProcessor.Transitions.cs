using Totem.Core.Diagnostics;
using Totem.Core.Evs;
using Totem.Core.Membership;
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

    /// <summary>Enters what the membership protocol has decided, and what follows from it at once.</summary>
    private void Enter(Transition? transition, Instant now)
    {
        while (transition is not null)
        {
            transition = transition switch
            {
                Transition.ToGather to => EnterGather(to, now),
                Transition.ToCommit to => EnterCommit(to, now),
                Transition.ToRecovery to => EnterRecovery(to, now),
                _ => Ignore((Transition.Ignored)transition),
            };
        }
    }

    private Transition? EnterGather(Transition.ToGather to, Instant now)
    {
        Invariant.That(_state is not LeftState, "a processor that has left stays away");
        Invariant.That(to.State.Candidates.Contains(Options.Self), "a processor gathers with itself");
        // A recovery came to nothing: what it held of the new ring has no meaning.
        if (_state is RecoveryState recovery)
            _windows.Return(recovery.Ring.Log.Window);
        _state = to.State;
        _deadlines.ClearAll();
        _observer.OnEvent(new RingEvent(RingEventKind.EnteredGather, _trail.Current, to.Peer, Reason: to.Reason));
        return _membership.AskAgain(to.State, now)
            ?? (to.Join is { } join ? _membership.TakeJoin(to.State, join, now) : null);
    }

    /// <summary>Fills in our entry and passes the commit token on (WIRE §9.8).</summary>
    private Transition? EnterCommit(Transition.ToCommit to, Instant now)
    {
        Invariant.That(_state == to.Gather, "a commit follows the gather that agreed on it");
        var own = _installedRing?.Entry
            ?? new CommitEntry(_trail.First, Options.FirstSeq, Options.FirstSeq, ReceivedFlag: true);
        var token = CommitRules.FillIn(to.Token, own, Options.Self);
        _trail.CommitTo(token.Ring);
        PendingStore = _trail.Current.Sequence;
        to.Gather.Lost.Committed(now);
        _state = new CommitState(token, own, to.Gather);
        _deadlines.ClearAll();
        _deadlines.Set(Deadline.TokenLoss, now + Options.TokenTimeout);
        _observer.OnEvent(new RingEvent(
            RingEventKind.EnteredCommit, _trail.Current, token.Header.Node, Count: token.Members.Count));
        _holder.PassCommit(token, now);
        return null;
    }

    /// <summary>The commit token comes the second time: all have declared what they hold (WIRE §9.10).</summary>
    private Transition? EnterRecovery(Transition.ToRecovery to, Instant now)
    {
        Invariant.That(_state == to.Commit, "a recovery follows the commit to its ring");
        var token = to.Token;
        var ring = new TokenRing(token.Ring, token.Members, Options, _windows.Rent(Options.FirstSeq));
        var recovery = RecoveryState.Begin(ring, token.Entries, _installedRing, to.Commit.Gather);
        _state = recovery;
        _deadlines.ClearAll();
        _deadlines.Set(Deadline.TokenLoss, now + Options.TokenTimeout);
        _observer.OnEvent(new RingEvent(RingEventKind.EnteredRecovery, ring.Id, Count: recovery.Plan.QueuedFrames));
        _holder.PassCommit(token, now);
        return null;
    }

    /// <summary>
    /// All have everything and know it of each other: end the old ring, install the new one (WIRE §9.12; EVS94).
    /// </summary>
    private void EnterOperational(RecoveryState recovery, Instant now)
    {
        Invariant.That(_state == recovery, "a ring is installed at the end of its recovery");
        var ring = recovery.Ring;
        if (_installedRing is { HasHole: true } old)
            _observer.OnEvent(new RingEvent(RingEventKind.HoleInRecovery, old.Id, Seq: old.Log.Window.Aru.Next));
        var cause = _cause.Take(left: _trail.LastMembers.Except(recovery.Transitional));
        var delivery = new RingDelivery(ring.Id, ring.Log, _lanes, _observer);
        Installed = _stream.Install(delivery, recovery, _installedRing, cause);
        Invariant.That(Installed.Ring == ring.Id, "the ring that is told of is the one that is installed");
        _frames.Restart();
        _installedRing = new InstalledRing(ring);
        _state = new OperationalState(ring);
        _deadlines.ClearAll();
        var areKin = _membership.Install(ring, recovery.Gather, now);
        ring.Install(Options, areKin);
        _frames.IsHeldBack = _deadlines.IsSet(Deadline.FirstMulticast);
        _observer.OnEvent(new RingEvent(RingEventKind.EnteredOperational, ring.Id, Count: ring.Members.Count));
        if (_stream.WaitingCount > WaitingChangesMax)
        {
            _observer.OnEvent(new RingEvent(RingEventKind.ApplicationTooSlow, ring.Id, Count: _stream.WaitingCount));
            EnterLeft();
        }
    }

    private Transition? Ignore(Transition.Ignored ignored)
    {
        _intake.Discard(ignored.Reason, ignored.Peer);
        return null;
    }

    private void EnterLeft()
    {
        _state = new LeftState();
        _deadlines.ClearAll();
        _frames.Clear();
        _observer.OnEvent(new RingEvent(RingEventKind.Left, _trail.Current));
    }
}
