using System.Buffers;
using Totem.Accord.Clients;
using Totem.Accord.Components;
using Totem.Accord.Execution;
using Totem.Accord.Replication;
using Totem.Accord.State;
using Totem.Accord.Wire;
using Totem.Core.Time;

namespace Totem.Accord;

/// <summary>
/// A conductor as a machine: requests of its clients and the order of the group go in; messages to the group, answers
/// and events come out. It has no socket, file, clock, thread or random number, and is used by one thread at a time.
/// </summary>
/// <remarks>
/// After each input the host takes all outputs: <see cref="TryTransmit"/> with <see cref="HandleTransmitted"/>,
/// <see cref="TryTakeDirty"/>, <see cref="TryTakeClosing"/>, <see cref="TransferWanted"/>,
/// <see cref="NextDeadline"/>, <see cref="HasFailed"/>.
/// </remarks>
internal sealed partial class Conductor
{
    private readonly ConductorOptions _options;
    private readonly ClientDesk _desk = new();
    private readonly OwnBatches _batches = new();
    private readonly Replica _replica;
    private readonly Queue<byte[]> _reports = [];
    private readonly Dictionary<ProcessorId, PartialRequest> _partials = [];
    private ReplicatedState _state = new();
    private StoreExecutor _executor;
    private Instant _now;
    private OwnBatch? _sending;

    /// <summary>A conductor that is not in the group yet.</summary>
    public Conductor(ConductorOptions options)
    {
        _options = options;
        _replica = new Replica(options.Self, options.VotersWanted, options.Address);
        _executor = new StoreExecutor(_state.Store);
    }

    /// <summary>Its phase, for people and tests.</summary>
    public ReplicaPhase Phase => _replica.Phase;

    /// <summary>Whether it is in the primary component, has the whole state, and answers.</summary>
    public bool IsServing => _replica.Serving is not null;

    /// <summary>The state, as far as it has been executed.</summary>
    public ReplicatedState State => _state;

    /// <summary>The clients.</summary>
    public IReadOnlyList<ClientSeat> Clients => _desk.Seats;

    /// <summary>Entries of other conductors that were malformed. All skip them alike.</summary>
    public long MalformedCount { get; private set; }

    /// <summary>Batches that were void: accepted in a component that is over.</summary>
    public long VoidCount { get; private set; }

    /// <summary>Its state differs from that of the others: the host keeps a copy, leaves, and begins anew.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null when nothing waits for time.</summary>
    public Instant? NextDeadline => _desk.NextDeadline;

    /// <summary>Where the state that it lacks is to be had, and the component with whose beginning it must be; null
    /// when it lacks nothing.</summary>
    public (ComponentId Component, IReadOnlyList<string> Donors)? TransferWanted =>
        _replica.Phase is PrimaryPhase { CatchUp: { } catchUp } primary ? (primary.Component, catchUp.Donors) : null;

    /// <summary>A client connects. The host sends what the conductor writes to <paramref name="output"/>, in this
    /// order.</summary>
    public ClientSeat HandleConnected(IBufferWriter<byte> output, Instant now)
    {
        _now = now;
        var seat = _desk.Add(output, now);
        if (_desk.Seats.Count > AccordLimits.ClientsPerConductorMax)
            _desk.Close(seat, $"{AccordLimits.ClientsPerConductorMax} clients are connected here already");
        else if (_replica.Serving is not null)
            Join(seat);
        return seat;
    }

    /// <summary>A client's connection is over, however it ended.</summary>
    public void HandleDisconnected(ClientSeat seat, Instant now)
    {
        _now = now;
        if (seat.IsClosed)
            return;
        _desk.Remove(seat);
        if (seat.Id is { } id && _replica.Serving is not null)
            Leave(id);
    }

    /// <summary>A whole message of a client. Not called while it <see cref="ClientSeat.MustWait"/>.</summary>
    /// <returns>False when the connection must be closed: what follows cannot be understood.</returns>
    public bool HandleRequest(ClientSeat seat, ReadOnlySpan<byte> message, Instant now)
    {
        _now = now;
        if (seat.IsClosed)
            return true;
        var refusal = Request.TryRead(message, out var request);
        if (request.Header.Type != MessageType.Request)
            return false;
        if (refusal == ResultCode.Success && _replica.Phase is MinorityPhase
            && !(_options.ServesStaleReads && request.Opcode is Opcode.Read or Opcode.List)
            && request.Opcode != Opcode.RemoveWatch)
            refusal = ResultCode.Again;
        var isOrdered = refusal == ResultCode.Success && request.IsReplicated;
        if (isOrdered)
        {
            ClientDesk.Enqueue(seat, new WaitingRequest(
                request.Header.Id, message.Length, IsOrdered: true, Local: null, refusal));
            _batches.Add(new OwnEntry(EntryKind.Request, seat), message);
        }
        else if (seat.Waiting.Count == 0 && (refusal != ResultCode.Success || MayExecuteLocally))
        {
            AnswerLocally(seat, request, refusal);
        }
        else
        {
            ClientDesk.Enqueue(seat, new WaitingRequest(
                request.Header.Id, message.Length, IsOrdered: false,
                refusal == ResultCode.Success ? message.ToArray() : null, refusal));
        }

        return true;
    }

    /// <summary>Time has passed; too early is fine.</summary>
    public void HandleDeadline(Instant now)
    {
        _now = now;
        _desk.HandleDeadline(now);
    }

    /// <summary>The next message to the group, with safe delivery; false when there is none. The same one until
    /// <see cref="HandleTransmitted"/>.</summary>
    public bool TryTransmit(out ReadOnlySpan<byte> message)
    {
        message = default;
        if (_reports.TryPeek(out var report))
        {
            message = report;
            return true;
        }

        if (_replica.Serving is not { } primary || _batches.NextToSend is not { } batch)
            return false;
        _sending = batch;
        message = _batches.Seal(batch, primary.Component);
        return true;
    }

    /// <summary>The group has taken the message.</summary>
    public void HandleTransmitted()
    {
        if (_reports.TryDequeue(out _))
            return;
        _batches.HandleSent(_sending!);
        _sending = null;
    }

    /// <summary>The next client for whom something was written.</summary>
    public bool TryTakeDirty(out ClientSeat seat) => _desk.TryTakeDirty(out seat);

    /// <summary>The next connection to close, and why.</summary>
    public bool TryTakeClosing(out ClientSeat seat, out string reason) =>
        _desk.TryTakeClosing(out seat, out reason);

    private bool MayExecuteLocally => _replica.Serving is not null || _replica.Phase is MinorityPhase;

    private void Join(ClientSeat seat)
    {
        seat.IsJoining = true;
        _batches.Add(new OwnEntry(EntryKind.Joined, seat), default);
    }

    private void Leave(ulong id) =>
        _batches.Add(new OwnEntry(EntryKind.Left, null), BitConverter.GetBytes(id));
}
