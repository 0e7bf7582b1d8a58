using Microsoft.Extensions.Logging;
using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Operation;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>Turns what the engine reports into counters, metrics and log lines. The ring's thread.</summary>
internal sealed class RingReporter(ProcessorId self, NodeCounters counters, ILogger logger, IRingObserver? next,
    NodeMeters meters, ChangeWitness witness, RotationTimes rotations) : IRingObserver
{
    /// <summary>A sender that floods us shall not flood the log.</summary>
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    private static readonly string[] DiscardNames = Enum.GetNames<DiscardReason>();

    private Instant _lastTokenVisit;
    private TimeSpan? _rotation;
    private Instant _nextDiscardReport;
    private Instant _nextStreamReport;
    private Instant _nextPauseReport;
    private TimeSpan _reportedPause;
    private long _pausesSinceReport;
    private long _discardsSinceReport;

    /// <summary>The time of the call into the engine that is being made.</summary>
    public Instant Now
    {
        get => new(counters.Now);
        set => counters.Now = value.Ticks;
    }

    /// <summary>When the token should come next, seen from now.</summary>
    public TokenForecast ForecastAt(Instant now) => _rotation is { } rotation
        ? new TokenForecast(rotation, _lastTokenVisit + rotation - now)
        : TokenForecast.None;

    public void OnEvent(in RingEvent ringEvent)
    {
        next?.OnEvent(in ringEvent);
        switch (ringEvent.Kind)
        {
            case RingEventKind.TokenVisit:
                OnTokenVisit(in ringEvent);
                break;
            case RingEventKind.Discarded:
                OnDiscarded(in ringEvent);
                break;
            case RingEventKind.MessageSent or RingEventKind.GroupMessageSent:
                counters.MessagesSent++;
                break;
            case RingEventKind.MessageRetransmitted:
                counters.MessagesRetransmitted++;
                break;
            case RingEventKind.MulticastAfterToken:
                counters.FramesAfterToken += ringEvent.Count;
                break;
            case RingEventKind.RetransmitRequested:
                counters.RetransmitRequests += ringEvent.Count;
                break;
            case RingEventKind.TokenRetransmitted:
                counters.TokensRetransmitted++;
                witness.OnEvent(in ringEvent, Now);
                Log.TokenRetransmitted(logger, ringEvent.TokenSeq, ringEvent.Peer);
                break;
            default:
                OnMembership(in ringEvent);
                break;
        }
    }

    public void OnChange(ConfigurationChange change)
    {
        if (change.Configuration.Kind != ConfigurationKind.Regular)
            return;
        counters.ConfigurationChanges++;
        witness.OnChange(change);
        Log.Installed(logger, self, change.Configuration, change.Cause);
        if (witness.Find(change.Configuration.Ring) is { } record && logger.IsEnabled(LogLevel.Information))
            Log.Why(logger, self, record.Sentence);
    }

    public void OnUnreachable(ProcessorId peer)
    {
        counters.MembersFoundUnreachable++;
        Log.Unreachable(logger, peer);
    }

    /// <summary>The ring's thread did not run for a while, though it had meant to.</summary>
    public void OnPause(TimeSpan length)
    {
        counters.Pauses++;
        meters.Paused(length);
        _pausesSinceReport++;
        // A starved host pauses often; a longer pause than the last is news all the same.
        if (Now < _nextPauseReport && length <= _reportedPause)
            return;
        Log.StoodStill(logger, self, length.TotalSeconds, _pausesSinceReport);
        (_reportedPause, _pausesSinceReport) = (length, 0);
        _nextPauseReport = Now + ReportInterval;
    }

    public void OnStreamFull()
    {
        counters.StreamFull++;
        if (Now < _nextStreamReport)
            return;
        Log.StreamFull(logger, self);
        _nextStreamReport = Now + ReportInterval;
    }

    private void OnTokenVisit(in RingEvent visit)
    {
        counters.TokenVisits++;
        witness.NoteToken();
        if (_lastTokenVisit.Ticks != 0)
        {
            var rotation = Now - _lastTokenVisit;
            _rotation = rotation;
            meters.TokenVisited(rotation);
            rotations.Add(rotation);
        }

        _lastTokenVisit = Now;
        Log.TokenVisit(logger, visit.TokenSeq, visit.Ring, visit.Seq, visit.Count);
    }

    private void OnMembership(in RingEvent ringEvent)
    {
        witness.OnEvent(in ringEvent, Now);
        switch (ringEvent.Kind)
        {
            case RingEventKind.EnteredGather:
                counters.Gathers++;
                // The next ring's first visit ends no rotation.
                _lastTokenVisit = default;
                _rotation = null;
                meters.Gathering(ringEvent.Reason);
                if (ringEvent.Reason is GatherReason.TokenLost or GatherReason.RecoveryTokenLost
                    or GatherReason.CommitTokenLost)
                    Log.TokenLost(logger, self, ringEvent.Ring, ringEvent.Reason);
                else
                    Log.Gathering(logger, self, ringEvent.Ring, ringEvent.Reason, ringEvent.Peer);
                break;
            case RingEventKind.EnteredCommit:
                Log.Entered(logger, self, "commit", ringEvent.Ring, ringEvent.Count);
                break;
            case RingEventKind.EnteredRecovery:
                Log.Entered(logger, self, "recovery", ringEvent.Ring, ringEvent.Count);
                break;
            case RingEventKind.EnteredOperational:
                Log.Entered(logger, self, "operational", ringEvent.Ring, ringEvent.Count);
                break;
            case RingEventKind.MemberSuspected:
                Log.Suspected(logger, ringEvent.Peer, ringEvent.Reason);
                break;
            case RingEventKind.LinkBroken:
                Log.LinkBroken(logger, ringEvent.Peer, ringEvent.OtherPeer);
                break;
            case RingEventKind.HoleInRecovery:
                Log.Hole(logger, ringEvent.Ring, ringEvent.Seq);
                break;
            case RingEventKind.MessageWithheld:
                Log.Withheld(logger, ringEvent.Seq, ringEvent.Peer, ringEvent.Ring);
                break;
            case RingEventKind.ApplicationTooSlow:
                Log.ApplicationTooSlow(logger, self, ringEvent.Count);
                break;
            default:
                // Tokens held and holds cancelled are the pulse of an idle ring: not worth a line.
                break;
        }
    }

    private void OnDiscarded(in RingEvent discarded)
    {
        counters.FramesDiscarded++;
        meters.Discarded(discarded.Discard);
        if (IsRoutine(discarded.Discard))
            return;
        _discardsSinceReport++;
        if (Now < _nextDiscardReport || !logger.IsEnabled(LogLevel.Warning))
            return;
        var detail = discarded.Decode == DecodeResult.Ok ? "" : $" ({discarded.Decode})";
        Log.Discarded(logger, _discardsSinceReport, DiscardNames[(int)discarded.Discard], detail, discarded.Peer);
        _discardsSinceReport = 0;
        _nextDiscardReport = Now + ReportInterval;
    }

    /// <summary>The frames that a healthy ring drops in the course of its life: duplicates, and those of rings that
    /// were.</summary>
    private static bool IsRoutine(DiscardReason reason) => reason is DiscardReason.OwnMessage or DiscardReason.Duplicate
        or DiscardReason.StaleRing or DiscardReason.StaleToken or DiscardReason.NotInThisState
        or DiscardReason.IrrelevantJoin
        or DiscardReason.ForeignRing or DiscardReason.BrokenLink or DiscardReason.SecondHand or DiscardReason.LeftAlone
        or DiscardReason.FragmentWithoutStart;
}
