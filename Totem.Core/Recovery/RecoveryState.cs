using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;

namespace Totem.Core.Recovery;

/// <summary>
/// The new ring exists, its members exchange what they hold of their old rings, and nobody is operational yet
/// (TOCS95, recovery; wire.md sections 9.10 and 9.11).
/// </summary>
internal sealed class RecoveryState(
    TokenRing ring, ProcessorSet transitional, Seq highDelivered, ExchangePlan plan, GatherState gather) : ProcessorState
{
    private const int StalledVisitsMax = 30;

    private int _quietVisits;
    private int _completeVisits;
    private Seq _install;
    private bool _hasRaisedFlag;
    private int _stalledVisits;

    public override RingPhase Phase => RingPhase.Recovery;

    public TokenRing Ring { get; } = ring;

    /// <summary>Who comes along from our old ring, ourselves included; empty before our first ring.</summary>
    public ProcessorSet Transitional { get; } = transitional;

    /// <summary>The highest number that some transitional member delivered in the old regular configuration: a safe
    /// message up to here is known to have been received by all.</summary>
    public Seq HighDelivered { get; } = highDelivered;

    public ExchangePlan Plan { get; } = plan;

    /// <summary>What was agreed on; it is where we start from if this comes to nothing.</summary>
    public GatherState Gather { get; } = gather;

    /// <summary>Whose messages must be delivered even behind a hole: the transitional members, and whoever one of them has
    /// promised it to in an earlier recovery.</summary>
    public ProcessorSet Obligation { get; private set; } = transitional;

    /// <summary>The representative has sent the first token.</summary>
    public bool HasStartedToken { get; set; }

    /// <summary>True once we have told the others, by not lowering the aru, that we have everything.</summary>
    public bool HasPromised { get; private set; }

    public void TakeOver(ProcessorSet obligation) => Obligation = Obligation.Union(obligation);

    /// <summary>The flag of the first token, which the representative sends before its first visit.</summary>
    public uint FirstRetransFlag()
    {
        _hasRaisedFlag = Plan.QueuedFrames > 0;
        return _hasRaisedFlag ? 1u : 0u;
    }

    /// <summary>wire.md section 9.11, steps 1 to 6, after a visit. True when the ring is to be installed.</summary>
    public bool Count(ref uint retransFlag, Seq tokenSeq, Seq tokenAru)
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
        Invariant.That(HasPromised, "a ring is installed by who has received all of its recovery");
        return true;
    }

    /// <summary>
    /// A flag that nobody remembers having raised would keep the recovery going for ever. The representative takes it down
    /// once nothing has been sent for long; who still has something to send raises it again on its next visit.
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
