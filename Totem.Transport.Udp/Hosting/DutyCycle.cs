using Microsoft.Extensions.Logging;
using Totem.Core;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>
/// The duty cycle of one member: sleep until a datagram, a submission or a deadline; read what came; then the
/// deadlines; then the submissions. After each of them what is to be stored or sent is, and deliveries are handed over,
/// of several datagrams at a time. One dedicated thread owns all of it.
/// </summary>
internal sealed class DutyCycle
{
    /// <summary>The most that a receive buffer of the default size can hold; more than that in one go would starve the
    /// deadlines.</summary>
    private const int DatagramsPerCycleMax = 8192;

    /// <summary>Datagrams between two deliveries: what they brought is still in the processor's
    /// cache when it is handed over.</summary>
    private const int DatagramsPerDrainMax = 32;

    private readonly RingParts _parts;
    private readonly IRing _processor;
    private readonly IRingTransport _transport;
    private readonly HostClock _clock;
    private readonly OutputDrain _output;
    private Instant? _nextTransportCheck;
    private bool _actsOnMessages;

    public DutyCycle(RingParts parts)
    {
        _parts = parts;
        _processor = parts.Processor.Ring;
        _transport = parts.Transport;
        _clock = parts.Clock;
        _output = parts.Output;
    }

    /// <summary>Tests look at the ring's thread from inside: called at the start of each cycle.</summary>
    public Action? CycleHook { get; set; }

    /// <summary>Runs until the member has left, or was told to crash.</summary>
    public void Run()
    {
        _clock.Begin();
        var now = _clock.Tick();
        _processor.Start(now);
        _output.Drain(now);
        while (!_parts.End.IsOver)
            RunOnce();
    }

    private void RunOnce()
    {
        _parts.Waits.NoteReturn();
        Sleep();
        CycleHook?.Invoke();
        // A message that does not end the sleep leaves with the token. The token may be what ended it, so such messages
        // are taken before it is read.
        if (!_actsOnMessages)
            TakeSubmissions(_clock.Tick());

        // Datagrams first: a process that was not scheduled for a while reads what had come before
        // it judges that nothing did.
        Receive();
        _parts.Reloads.Turn();
        var now = _clock.Tick();
        TakeUnreachable(now);
        if (_processor.NextDeadline <= now)
            _processor.HandleDeadline(now);
        _parts.Groups.RunCommands(now);
        TakeSubmissions(now);
        _output.Drain(now);
        JudgeReader(now);
        _parts.Vitals.Sample(now);
        _parts.Share.Follow(_parts.Room.IsReaderBehind(), now);
        _nextTransportCheck = Earlier(
            _transport.ProbeIfQuiet(_processor.Successor, _processor.Installed?.Members ?? ProcessorSet.Empty, now),
            _transport.CheckInterface(now));
        if (_processor.Phase == RingPhase.Left)
            throw new RingFailedException("the application did not read its events through so many configurations that "
                + "the engine left the ring");
        if (_parts.End.IsLeaveRequested)
            LeaveWhenFlushed(now);
    }

    private void TakeSubmissions(Instant now) => _parts.Counters.MessagesSubmitted += _parts.Submissions.Drain(now);

    private void Receive()
    {
        var now = _clock.Tick();
        var undrained = 0;
        for (var count = 0; count < DatagramsPerCycleMax
            && _transport.TryReceive(out var frame, _processor.ReadsTokenFirst); count++)
        {
            _processor.HandleDatagram(frame, now);
            undrained++;
            // A message that is to leave leaves at once. Deliveries are handed over some at a time, and the clock is
            // read as often.
            if (!_processor.HasOutput && undrained < DatagramsPerDrainMax)
                continue;
            _output.Drain(now);
            _parts.Share.RestIfOwed();
            now = _clock.Tick();
            undrained = 0;
        }

        if (undrained > 0)
            _output.Drain(now);
    }

    private void TakeUnreachable(Instant now)
    {
        while (_transport.TryTakeUnreachable(now, out var peer))
        {
            if (_processor.HandleUnreachable(peer, now))
                _parts.Reporter.OnUnreachable(peer);
            _parts.Options.OnPortClosed?.Invoke(peer);
            _output.Drain(now);
        }
    }

    private void Sleep()
    {
        _parts.Share.RestIfOwed();
        _actsOnMessages = _processor.ActsOnSubmission;
        var awake = _parts.Signal.BeginSleep(_actsOnMessages) || _parts.Deliveries.HasMore;
        var now = _clock.Tick();
        var wait = awake ? TimeSpan.Zero : TimeUntilNext(now);
        _transport.Forecast = _parts.Reporter.ForecastAt(now);
        _clock.Plan(now, wait);
        _transport.Wait(wait);
        _parts.Signal.EndSleep();
    }

    private TimeSpan? TimeUntilNext(Instant now)
    {
        var next = Earlier(Earlier(_processor.NextDeadline, _nextTransportCheck), _parts.End.Deadline);
        if (next is not { } instant)
            return null;
        var wait = instant - now;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private static Instant? Earlier(Instant? a, Instant? b) => a is null || b < a ? b ?? a : a;

    /// <summary>An application that has stopped reading holds nobody up for longer than is accepted.</summary>
    private void JudgeReader(Instant now)
    {
        var wasAside = _processor.IsAside;
        _processor.HandleReader(_parts.Reader.IsStopped(_processor, now, hasRoom: !_parts.Room.IsFull), now);
        if (_processor.IsAside == wasAside)
            return;
        if (wasAside)
            Log.ReadsAgain(_parts.Logger, _transport.Self);
        else
            Log.StandsAside(_parts.Logger, _transport.Self, now - _parts.Reader.WaitingSince!.Value);
        _output.Drain(now);
    }

    private void LeaveWhenFlushed(Instant now)
    {
        var isOverdue = _parts.End.IsFlushOverdue(now);
        // In this order: what was accepted is multicast before its senders leave their groups. A frame that somebody
        // misses could not be sent again without us.
        var isFlushed = _parts.Submissions.IsEmpty && _parts.Groups.LeaveAll(now, _parts.Room.HasRoom())
            && _processor.SendQueueCount == 0
            && _processor.HasReachedAll(_processor.LastMulticast);
        if (!isFlushed && !isOverdue)
            return;
        if (!isFlushed)
            Log.FlushTimedOut(_parts.Logger, _transport.Self, _processor.SendQueueCount, _parts.Options.FlushTimeout);
        _processor.Leave(now);
        _output.Drain(now);
        _parts.End.NoteLeft();
    }
}
