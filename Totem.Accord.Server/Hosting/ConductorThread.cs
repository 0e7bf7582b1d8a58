using System.Buffers;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Totem.Accord.Clients;
using Totem.Accord.Replication;
using Totem.Accord.Server.Connections;
using Totem.Accord.Server.Diagnostics;
using Totem.Accord.Server.Transfers;
using Totem.Accord.Wire;
using Totem.Core.Time;

namespace Totem.Accord.Server.Hosting;

/// <summary>The thread that owns the machine: takes inputs in rounds, and after each round gives out what came of
/// them.</summary>
internal sealed class ConductorThread : IConductorInbox
{
    /// <summary>A conductor with so many bytes of the order before it has lost touch, and stops.</summary>
    private const long BehindBytesMax = 1L << 30;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(1);

    private readonly Conductor _machine;
    private readonly ILogger _logger;
    private readonly object _gate = new(); // its thread waits here, which a Lock has no word for
    private readonly Dictionary<ClientSeat, ClientConnection> _connections = [];
    private readonly List<ClientConnection> _paused = [];
    private readonly List<Action> _afterRound = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<ConductorInput> _incoming = [];
    private List<ConductorInput> _round = [];
    private byte[] _scratch = [];
    private long _behindBytes;
    private bool _isAsleep;
    private bool _hasEnded;
    private volatile bool _isStopping;
    private TotemGroup? _group;
    private TransferFetch? _fetch;
    private ReplicaPhase? _phaseTold;

    public ConductorThread(Conductor machine, ILogger logger)
    {
        _machine = machine;
        _logger = logger;
    }

    /// <summary>Ends when the thread has; failed when it had to.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Begins. Inputs that came before wait.</summary>
    public void Start(TotemGroup group)
    {
        _group = group;
        new Thread(Run) { IsBackground = true, Name = "conductor" }.Start();
    }

    /// <summary>Ends the thread; the connections are closed by then.</summary>
    public void Stop()
    {
        _isStopping = true;
        lock (_gate)
            Monitor.Pulse(_gate);
    }

    /// <inheritdoc />
    public void Post(in ConductorInput input)
    {
        lock (_gate)
        {
            if (_hasEnded)
            {
                Refuse(input);
                return;
            }

            _incoming.Add(input);
            if (input.Kind == InputKind.Message)
                _behindBytes += input.Length;
            if (_isAsleep)
                Monitor.Pulse(_gate);
        }
    }

    private static Instant Now => new(Stopwatch.GetElapsedTime(0).Ticks);

    private void Run()
    {
        try
        {
            while (!_isStopping)
            {
                if (!TakeRound())
                {
                    Wait();
                    continue;
                }

                foreach (var input in _round)
                    Handle(input);
                _round.Clear();
                GiveOut();
                foreach (var action in _afterRound)
                    action();
                _afterRound.Clear();
            }

            End(null);
        }
        catch (Exception failure)
        {
            Log.Stops(_logger, failure.Message);
            End(failure);
        }
    }

    private void End(Exception? failure)
    {
        _fetch?.Dispose();
        foreach (var connection in _connections.Values)
        {
            connection.Close();
            connection.CompleteOutput();
            if (connection.HasPending)
                connection.HandleTaken(connection.Pending.Start);
        }

        lock (_gate)
        {
            _hasEnded = true;
            foreach (var input in _incoming)
                Refuse(input);
            _incoming.Clear();
        }

        if (failure is null)
            _ended.SetResult();
        else
            _ended.SetException(failure);
    }

    // Nobody is there to take it: a connection ends, everything else is dropped.
    private static void Refuse(in ConductorInput input)
    {
        if (input.Kind == InputKind.Connected)
        {
            input.Connection!.Close();
            input.Connection.CompleteOutput();
        }
        else if (input.Kind == InputKind.Received)
        {
            input.Connection!.HandleTaken(input.Received.Start);
        }
    }

    private bool TakeRound()
    {
        lock (_gate)
        {
            (_incoming, _round) = (_round, _incoming);
            if (_behindBytes > BehindBytesMax)
                throw new RingFailedException($"{_behindBytes} bytes of the order wait to be executed here");
            _behindBytes = 0;
            return _round.Count > 0;
        }
    }

    private void Wait()
    {
        var until = _machine.NextDeadline is { } deadline ? deadline - Now : Timeout.InfiniteTimeSpan;
        if (_machine.TryTransmit(out _) && (until == Timeout.InfiniteTimeSpan || until > RetryPause))
            until = RetryPause; // The ring had no room.
        if (until != Timeout.InfiniteTimeSpan && until < TimeSpan.Zero)
            until = TimeSpan.Zero;
        // A fraction of a millisecond would be none.
        if (until == Timeout.InfiniteTimeSpan || until > TimeSpan.Zero)
            Sleep(until == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Ceiling(until.TotalMilliseconds));
        if (until != Timeout.InfiniteTimeSpan)
        {
            _machine.HandleDeadline(Now);
            GiveOut();
        }
    }

    private void Sleep(int milliseconds)
    {
        lock (_gate)
        {
            _isAsleep = true;
            if (_incoming.Count == 0 && !_isStopping)
                Monitor.Wait(_gate, milliseconds);
            _isAsleep = false;
        }
    }

    private void Handle(in ConductorInput input)
    {
        switch (input.Kind)
        {
            case InputKind.Connected:
                input.Connection!.Seat = _machine.HandleConnected(input.Connection.Output, Now);
                _connections.Add(input.Connection.Seat, input.Connection);
                break;
            case InputKind.Received:
                (input.Connection!.Pending, input.Connection.HasPending) = (input.Received, true);
                Take(input.Connection);
                break;
            case InputKind.Sent:
                break; // The paused ones are looked at behind each round.
            case InputKind.Broken:
                Release(input.Connection!);
                break;
            case InputKind.Disconnected:
                HandleDisconnected(input.Connection!);
                break;
            case InputKind.Message:
                _machine.HandleMessage(input.Sender, input.Bytes.AsSpan(0, input.Length), Now);
                ArrayPool<byte>.Shared.Return(input.Bytes!);
                break;
            case InputKind.Change:
                _machine.HandleChange(input.Change!.Ring, input.Change.Members, Now);
                break;
            case InputKind.Transitional:
                _machine.HandleTransitional(Now);
                break;
            case InputKind.Transferred:
                _machine.HandleTransferred(input.Bytes.AsSpan(0, input.Length), Now);
                ArrayPool<byte>.Shared.Return(input.Bytes!);
                _afterRound.Add(input.Action!);
                break;
            case InputKind.TransferLost:
                _machine.HandleTransferLost();
                break;
            default:
                input.Action!();
                break;
        }
    }

    private void HandleDisconnected(ClientConnection connection)
    {
        _machine.HandleDisconnected(connection.Seat!, Now);
        _connections.Remove(connection.Seat!);
        _paused.Remove(connection);
        connection.CompleteOutput();
    }

    // Takes as many messages as the client may have unanswered; the rest waits.
    private void Take(ClientConnection connection)
    {
        var seat = connection.Seat!;
        var left = connection.Pending;
        while (left.Length >= MessageHeader.LengthBytes)
        {
            if (seat.MustWait || connection.Output.Unsent > ClientConnection.UnsentBytesToWait)
            {
                connection.Pending = left;
                if (connection.Output.Unsent > 0)
                    connection.AskForSent();
                if (!_paused.Contains(connection))
                    _paused.Add(connection);
                return;
            }

            if (!TryTakeMessage(connection, seat, ref left, out var isWrong))
            {
                if (isWrong)
                    left = left.Slice(left.End);
                break;
            }
        }

        _paused.Remove(connection);
        connection.HandleTaken(left.Start);
    }

    private bool TryTakeMessage(
        ClientConnection connection, ClientSeat seat, ref ReadOnlySequence<byte> left, out bool isWrong)
    {
        isWrong = false;
        Span<byte> bytes = stackalloc byte[MessageHeader.LengthBytes];
        left.Slice(0, MessageHeader.LengthBytes).CopyTo(bytes);
        var header = MessageHeader.Read(bytes);
        if (header.Type != MessageType.Request || header.DataLength > AccordLimits.MessageDataBytesMax)
        {
            Close(connection, $"a header of type {header.Type} with {header.DataLength} bytes behind it");
            isWrong = true;
            return false;
        }

        var length = MessageHeader.LengthBytes + (int)header.DataLength;
        if (left.Length < length)
            return false;
        var message = left.Slice(0, length);
        if (message.IsSingleSegment)
        {
            _machine.HandleRequest(seat, message.FirstSpan, Now);
        }
        else
        {
            if (_scratch.Length < length)
                _scratch = new byte[Math.Max(length, 2 * _scratch.Length)];
            message.CopyTo(_scratch);
            _machine.HandleRequest(seat, _scratch.AsSpan(0, length), Now);
        }

        left = left.Slice(length);
        return true;
    }

    // A client that is not read would never be seen to end.
    private void Release(ClientConnection connection)
    {
        connection.Close();
        if (_paused.Remove(connection))
            connection.HandleTaken(connection.Pending.End);
    }

    private void Close(ClientConnection connection, string reason)
    {
        Log.Closes(_logger, connection.Seat!.ToString(), connection.Address, reason);
        connection.Close();
    }

    private void GiveOut()
    {
        do
        {
            Transmit();
            while (_machine.TryTakeClosing(out var seat, out var reason))
            {
                if (!_connections.TryGetValue(seat, out var connection))
                    continue;
                Close(connection, reason);
                Release(connection);
            }

            while (_machine.TryTakeDirty(out var seat))
            {
                if (_connections.TryGetValue(seat, out var connection))
                    Flush(connection);
            }
        }
        while (TakePaused());
        Fetch();
        TellPhase();
        if (_machine.HasFailed)
        {
            Log.Differs(_logger);
            throw new RingFailedException("the state of this conductor differs from that of the others");
        }
    }

    private void Transmit()
    {
        while (_machine.TryTransmit(out var message))
        {
            if (_group!.TryMulticast(message, Guarantee.Safe) != SubmitResult.Accepted)
                return;
            _machine.HandleTransmitted();
        }
    }

    private void Flush(ClientConnection connection)
    {
        // One long answer may be more; many that nobody takes may not.
        if (connection.UnsentBefore > AccordLimits.UnsentBytesMax
            && connection.Output.Unsent > AccordLimits.UnsentBytesMax)
        {
            Close(connection, $"{connection.Output.Unsent} bytes of answers and events wait for it");
            Release(connection);
        }

        connection.Flush();
    }

    // True when a client that waited goes on.
    private bool TakePaused()
    {
        var any = false;
        for (var i = _paused.Count - 1; i >= 0; i--)
        {
            var connection = _paused[i];
            if (connection.Seat!.MustWait || connection.Output.Unsent > ClientConnection.UnsentBytesToWait)
                continue;
            any = true;
            Take(connection);
        }

        return any;
    }

    private void Fetch()
    {
        var wanted = _machine.TransferWanted;
        if (_fetch?.Component == wanted?.Component)
            return;
        _fetch?.Dispose();
        _fetch = wanted is null ? null
            : new TransferFetch(wanted.Value.Component, wanted.Value.Donors, this, _logger);
    }

    private void TellPhase()
    {
        if (_machine.Phase == _phaseTold)
            return;
        _phaseTold = _machine.Phase;
        if (_phaseTold is MinorityPhase minority)
            Log.Minority(_logger, minority.Verdict.ToString());
        else if (_phaseTold is PrimaryPhase { CatchUp: null } primary)
            Log.Primary(
                _logger, primary.Component.ToString(), string.Join(", ", _machine.State.Conductors.Keys),
                string.Join(", ", _machine.State.Voters.Select(x => x.Node)));
    }
}
