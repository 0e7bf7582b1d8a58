using Totem.Accord.Clients;
using Totem.Accord.Components;
using Totem.Accord.Execution;
using Totem.Accord.Replication;
using Totem.Accord.State;
using Totem.Accord.Wire;
using Totem.Core.Diagnostics;
using Totem.Core.Time;

namespace Totem.Accord;

/// <summary>The group's order, and what follows from a change of its membership.</summary>
internal sealed partial class Conductor
{
    /// <summary>A message of a conductor, at its place in the order.</summary>
    public void HandleMessage(ProcessorId sender, ReadOnlySpan<byte> message, Instant now)
    {
        _now = now;
        if (BatchHeader.TryRead(message, out var header))
        {
            if (_replica.HandleBatch(sender, header, message))
                Execute(sender, message);
            else if (_replica.Phase is not PrimaryPhase primary || primary.Component != header.Component)
                VoidCount++;
        }
        else if (!ConductorMessage.TryReadKind(message, out _))
        {
            MalformedCount++;
        }
        else if (_replica.HandleReport(sender, message, _state))
        {
            Enter();
        }
    }

    /// <summary>Some conductors do not come along. Until the next change nothing is executed or answered.</summary>
    public void HandleTransitional(Instant now)
    {
        _now = now;
        _replica.HandleTransitional();
    }

    /// <summary>The group has a new membership.</summary>
    public void HandleChange(RingId ring, IReadOnlyList<GroupMember> members, Instant now)
    {
        _now = now;
        // A report that did not go out is about another exchange.
        _reports.Clear();
        _reports.Enqueue(_replica.HandleChange(ring, members, _state));
    }

    /// <summary>The state with which this component began; null when it is another one, or nobody waits for
    /// it.</summary>
    public StateSnapshot? Offer(ComponentId component) =>
        _replica.Phase is PrimaryPhase primary && primary.Component == component ? primary.Offer : null;

    /// <summary>Bytes of the state that this conductor lacks.</summary>
    /// <returns>False when they are wrong: the host begins anew, with another donor.</returns>
    public bool HandleTransferred(ReadOnlySpan<byte> bytes, Instant now)
    {
        _now = now;
        if (_replica.Phase is not PrimaryPhase { CatchUp: { } catchUp } primary)
            return true;
        if (!catchUp.Reader.Feed(bytes))
        {
            HandleTransferLost();
            return false;
        }

        if (!catchUp.Reader.IsComplete)
            return true;
        if (catchUp.Reader.State.Component != primary.Component)
        {
            HandleTransferLost();
            return false;
        }

        CatchUpWith(catchUp.Reader.State);
        return true;
    }

    /// <summary>The donor is gone: the next one begins from the beginning.</summary>
    public void HandleTransferLost()
    {
        if (_replica.Phase is PrimaryPhase { CatchUp: { } catchUp })
            catchUp.Reader = new SnapshotReader();
    }

    private void CatchUpWith(ReplicatedState state)
    {
        _state = state;
        _executor = new StoreExecutor(state.Store);
        _partials.Clear();
        foreach (var batch in _replica.FinishCatchUp())
            Execute(batch.Name.Sender, batch.Bytes);
        _batches.Add(new OwnEntry(EntryKind.CaughtUp, null), BitConverter.GetBytes(_options.Self.Life));
        _batches.Rewind();
        if (_replica.Serving is not null)
            Serve();
    }

    // Behind a decision: this is the primary component, or it is not, or that is not certain yet.
    private void Enter()
    {
        if (_replica.Phase is MinorityPhase)
        {
            Refuse();
            return;
        }

        // The state will come from another conductor, with or without what was in doubt.
        if (_replica.Phase is PrimaryPhase { CatchUp: not null } && _batches.Any(_replica.IsInDoubt))
            Refuse();
        if (_replica.Serving is not { } primary)
            return;
        while (_replica.TryTakeStep(out var step))
        {
            if (step.Formation is { } formation)
                Form(formation);
            else
                Execute(step.Batch.Name.Sender, step.Batch.Bytes);
        }

        if (primary.Behind.Count > 0)
            primary.Offer = new StateSnapshot(_state);
        _batches.Rewind();
        Serve();
    }

    private void Form(Formation formation)
    {
        var decision = formation.Decision;
        Invariant.That(_state.Position == decision.Position, "a component begins where it was decided to begin");
        if (_state.Component.IsNone)
            (_state.Voters, _state.VotersWanted) = (decision.Voters, decision.VotersWanted);
        _state.Component = decision.Component;
        // Half of a request is nothing: its sender sends all of it again. Not earlier: held batches, which belong to
        // the component before, may have the other half.
        _partials.Clear();
        var lives = formation.Conductors.ToDictionary(x => x.Node, x => x.Life);
        foreach (var id in _state.Clients.ToArray())
        {
            var node = ReplicatedState.NodeOf(id);
            if (lives.TryGetValue(node, out var life) && life == _state.Conductors.GetValueOrDefault(node))
                continue;
            _state.RemoveClient(id);
            _desk.NotifyMembership(EventKinds.Left, id, _state.Clients, _now);
        }

        _state.Conductors.Clear();
        foreach (var (node, life) in lives)
            _state.Conductors[node] = life;
    }

    // Puts right what clients did while nothing could be ordered; and goes on.
    private void Serve()
    {
        var here = _desk.Seats.Where(x => x.Id is not null).Select(x => x.Id!.Value).ToHashSet();
        foreach (var id in _state.Clients.Where(x => ReplicatedState.NodeOf(x) == _options.Self.Node))
        {
            if (!here.Contains(id))
                Leave(id);
        }

        foreach (var seat in _desk.Seats)
        {
            if (seat.Id is { } id && !_state.HasClient(id))
                _desk.Close(seat, "the others have seen this client leave while this conductor was cut off");
            else if (seat.Id is null && !seat.IsJoining)
                Join(seat);
            AnswerFollowing(seat);
        }
    }

    // Answers everything that waits: it was not executed, and will not be. Of a client with a request in doubt nobody
    // can say that.
    private void Refuse()
    {
        var inDoubt = new HashSet<ClientSeat>();
        foreach (var batch in _batches.Clear())
        {
            if (_replica.IsInDoubt(batch.Number))
                inDoubt.UnionWith(batch.Entries.Where(x => x.Seat is not null).Select(x => x.Seat!));
        }

        foreach (var seat in _desk.Seats)
        {
            seat.IsJoining = false;
            if (inDoubt.Contains(seat))
            {
                seat.Waiting.Clear();
                seat.WaitingBytes = 0;
                _desk.Close(seat, "nobody can say what became of its last requests: the conductors were cut apart");
                continue;
            }

            while (seat.Waiting.Count > 0)
            {
                var request = ClientDesk.Dequeue(seat);
                var result = request.Refusal != ResultCode.Success ? request.Refusal : ResultCode.Again;
                _desk.Answer(seat, request.Id, result, default);
            }
        }
    }
}
