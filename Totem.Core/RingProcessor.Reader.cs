using Totem.Core.Diagnostics;
using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Time;

namespace Totem.Core;

/// <content>An application that has stopped reading (docs/protocol.md, "A slow reader").</content>
public sealed partial class RingProcessor
{
    /// <summary>
    /// The application has stopped reading, so this processor has left the others and forms no ring with anybody until it reads again.
    /// </summary>
    public bool IsAside { get; private set; }

    /// <summary>The first frame of the installed ring that the application could have been handed and was not; null when there is none.</summary>
    public RingPosition? Undelivered =>
        _installed is { Log: var log } installed && log.DeliveredThrough < log.DeliverableThrough ? new RingPosition(installed.Id, log.DeliveredThrough.Next) : null;

    /// <summary>A ring has ended, and the application has not been handed all of it: groups wait for what lies behind.</summary>
    internal bool IsChangeWaiting => _stream.WaitingCount > 0;

    /// <summary>
    /// The host judges whether its application has stopped reading, as a rule by <see cref="Undelivered"/>. If it has, and others would wait for it, the processor says goodbye to them
    /// and goes on alone; it comes back when the host says that the application reads. Nothing changes the order: the application sees
    /// the same transitional and regular configurations as in any parting.
    /// </summary>
    /// <param name="isStopped">The application has not taken a whole frame for longer than the host accepts; or it stands aside for that, and has
    /// not caught up.</param>
    /// <param name="now">The time.</param>
    public void HandleReader(bool isStopped, Instant now)
    {
        _observer.Enter();
        if (!isStopped)
            IsAside = false;
        else if (!IsAside)
            StandAside(now);
        CheckInvariants();
    }

    private void StandAside(Instant now)
    {
        if (_installed is not { } installed || installed.Members.Count == 1 || !IsHoldingOthersUp(installed.Log))
            return;
        switch (_state)
        {
            case OperationalState { Ring.IsSettled: true }:
                // The others need not wait for a token that we have given up. Members still in recovery do not heed a farewell.
                SendFarewell();
                break;
            case GatherState:
                break;
            default:
                return; // Until all are operational the ring comes first; the host asks again.
        }

        IsAside = true;
        NoteCause(GatherReason.ReaderStopped, ProcessorSet.Of(Options.Self), TimeSpan.Zero);
        var others = (_state is GatherState gather ? gather.Proposed : installed.Members).Without(Options.Self);
        EnterGather(GatherFor(others, others, now), GatherReason.ReaderStopped, Options.Self, now);
    }

    private bool IsHoldingOthersUp(OrderedLog log) => log.AruWithin(Options.FramesAheadMax) < log.Window.Aru;
}
