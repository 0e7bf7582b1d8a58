using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Wire;

namespace Totem.Core.Recovery;

/// <summary>
/// The new ring exists, its members exchange what they hold of their old rings, and nobody is operational yet
/// (TOCS95, recovery; WIRE §9.10 and §9.11).
/// </summary>
internal sealed class RecoveryState(
    TokenRing ring, ProcessorSet transitional, Seq highDelivered, ExchangePlan plan, GatherState gather)
    : FormingState(ring.Id, ring.Members, gather)
{
    private const int StalledVisitsMax = 30;

    private int _quietVisits;
    private int _completeVisits;
    private Seq _install;
    private bool _hasRaisedFlag;
    private int _stalledVisits;

    public override RingPhase Phase => RingPhase.Recovery;

    public TokenRing Ring { get; } = ring;

    /// <summary>The processors that come along from our old ring, ourselves included; none before our first
    /// ring.</summary>
    public ProcessorSet Transitional { get; } = transitional;

    /// <summary>The highest number that some transitional member delivered in the old regular configuration: a safe
    /// message up to here is known to have been received by all.</summary>
    public Seq HighDelivered { get; } = highDelivered;

    public ExchangePlan Plan { get; } = plan;

    /// <summary>The processors whose messages must be delivered even behind a hole: the transitional members, and those
    /// to whom one of them has promised it in an earlier recovery.</summary>
    public ProcessorSet Obligation { get; private set; } = transitional;

    /// <summary>The representative has sent the first token.</summary>
    public bool HasStartedToken { get; set; }

    /// <summary>True once we have told the others, by not lowering the aru, that we have everything.</summary>
    public bool HasPromised { get; private set; }

    /// <summary>All have said in the commit token what they hold: who comes along, and what is to be exchanged (
    /// WIRE §9.10).</summary>
    /// <param name="ring">The new ring.</param>
    /// <param name="entries">The entries of its members, in their order.</param>
    /// <param name="old">The ring installed last; null before the first.</param>
    /// <param name="gather">The gather that has come to an agreement.</param>
    public static RecoveryState Begin(
        TokenRing ring, ReadOnlySpan<CommitEntry> entries, InstalledRing? old, GatherState gather)
    {
        if (old is null)
        {
            var nothing = new ExchangePlan(ring.Self, old: null, note: null);
            return new RecoveryState(ring, ProcessorSet.Empty, ring.First, nothing, gather);
        }

        var transitional = ProcessorSet.Empty;
        var highDelivered = old.Log.DeliverableThrough;
        var low = old.Log.Window.Aru;
        var haveAll = true;
        for (var i = 0; i < ring.Members.Count; i++)
        {
            var entry = entries[i];
            if (entry.OldRing != old.Id || !old.Members.Contains(ring.Members[i]))
                continue;
            transitional = transitional.With(ring.Members[i]);
            highDelivered = Seq.Max(highDelivered, entry.HighDelivered);
            haveAll &= entry.ReceivedFlag && entry.Aru == old.Log.Window.Aru;
            low = Seq.Min(low, entry.Aru);
        }

        Invariant.That(transitional.Contains(ring.Self), "we come along from our own ring");
        var note = old.Obligation.IsEmpty ? null : new RecoveryNote(old.Id, old.Obligation);
        Invariant.That(highDelivered >= old.Log.DeliverableThrough, "what we have decided, some member has decided");
        Invariant.That(low <= old.Log.Window.Aru, "the lowest of all is no higher than ours");
        var plan = new ExchangePlan(ring.Self, old.Log.Window, note);
        if (!haveAll)
            plan.PlanAbove(Seq.Max(low, old.Log.SafeThrough)); // All have what is safe, whatever an entry claims.
        var recovery = new RecoveryState(ring, transitional, highDelivered, plan, gather);
        recovery.TakeOver(old.Obligation);
        return recovery;
    }

    /// <summary>
    /// Takes a message of an old ring that was multicast again. A message of our old ring goes into its window at once,
    /// so that it is not lost if this recovery comes to nothing.
    /// </summary>
    /// <param name="old">The ring installed last; null before the first.</param>
    /// <param name="inner">The message, with its header.</param>
    /// <returns>
    /// With an objection when our old window has no room for it, because the application lags: then it has not been
    /// received, will be asked for again, and if the application does not catch up in time the others go on without us.
    /// </returns>
    public RecoveredMessage Take(InstalledRing? old, ReadOnlySpan<byte> inner)
    {
        if (old is null || RegularMessage.TryRead(inner, out var message) != DecodeResult.Ok)
            return default;
        if (message.Ring == old.Id)
        {
            var window = old.Log.Window;
            var isNew = message.Seq > window.Released && !window.Contains(message.Seq)
                && old.Members.Contains(message.Header.Node);
            if (isNew && MessageStore.Store(window, old.Members, message, inner) is { } objection)
                return new RecoveredMessage(message.Header.Node, objection);
            Plan.Strike(message.Seq);
        }
        else if (RecoveryNote.TryRead(inner, message) is { } note && note.OldRing == old.Id)
        {
            TakeOver(note.Obligation.Intersect(old.Members));
            return new RecoveredMessage(message.System, IsPromise: true);
        }

        return default;
    }

    public void TakeOver(ProcessorSet obligation)
    {
        var before = Obligation.Count;
        Obligation = Obligation.Union(obligation);
        Invariant.That(Obligation.Count >= before, "an obligation is not taken back");
    }

    /// <summary>The first token, which the representative sends before its first visit (WIRE §6.2).</summary>
    public RegularToken FirstToken(RingOptions options)
    {
        Invariant.That(Ring.IsRepresentative, "the representative makes the first token");
        Invariant.That(!HasStartedToken, "a ring has one first token");
        HasStartedToken = true;
        _hasRaisedFlag = Plan.QueuedFrames > 0;
        return new RegularToken(
            new FrameHeader(FrameKind.RegularToken, Encapsulation.None, options.Self),
            options.FirstSeq, options.FirstTokenSeq, options.FirstSeq - 1, options.Self, NewRing, 0, 0,
            RetransFlag: _hasRaisedFlag ? 1u : 0u, 0);
    }

    /// <summary>WIRE §9.11, steps 1 to 6, after a visit: raises or clears the retransmission flag, and promises once we
    /// have everything. True when the ring is to be installed.</summary>
    /// <param name="token">The token as it is to go on; its retransmission flag is set here.</param>
    public bool AdvanceRecovery(ref RegularToken token)
    {
        var retransFlag = token.RetransFlag;
        var isComplete = AdvanceRecovery(ref retransFlag, token.Seq, token.Aru);
        token = token with { RetransFlag = retransFlag };
        return isComplete;
    }

    private bool AdvanceRecovery(ref uint retransFlag, Seq tokenSeq, Seq tokenAru)
    {
        if (Plan.QueuedFrames > 0)
        {
            if (retransFlag == 0)
                (retransFlag, _hasRaisedFlag) = (1, true);
        }
        else if (retransFlag != 0 && _hasRaisedFlag)
        {
            (retransFlag, _hasRaisedFlag) = (0, false);
        }

        ClearOrphanedFlag(ref retransFlag);
        _quietVisits = retransFlag == 0 ? _quietVisits + 1 : 0;
        if (_quietVisits == 2)
            _install = tokenSeq;
        // The promise comes before anybody can see that we have everything: they may deliver on the strength of it.
        if (_quietVisits >= 2 && _install <= Ring.Log.Window.Aru)
            HasPromised = true;
        _completeVisits = _quietVisits >= 3 && _install <= tokenAru ? _completeVisits + 1 : 0;
        if (_completeVisits < 2)
            return false;
        Invariant.That(HasPromised, "a ring is installed by a processor that has received all of its recovery");
        return true;
    }

    /// <summary>
    /// A flag that nobody remembers having raised would keep the recovery going for ever. The representative takes it
    /// down once nothing has been sent for long; a member that still has something to send raises it again on its next
    /// visit.
    /// </summary>
    private void ClearOrphanedFlag(ref uint retransFlag)
    {
        _stalledVisits = retransFlag != 0 && Ring.UnchangedVisits > 0 ? _stalledVisits + 1 : 0;
        if (_stalledVisits <= StalledVisitsMax || !Ring.IsRepresentative || Plan.QueuedFrames > 0)
            return;
        retransFlag = 0;
        _stalledVisits = 0;
    }
}

/// <summary>The fate of a message of an old ring.</summary>
/// <param name="Sender">Its sender; nobody when nothing of it concerns us.</param>
/// <param name="Objection">Why it was dropped; null when it was not.</param>
/// <param name="IsPromise">It was a <see cref="RecoveryNote"/>, and its obligation is ours now.</param>
internal readonly record struct RecoveredMessage(
    ProcessorId Sender, DiscardReason? Objection = null, bool IsPromise = false);
