using Totem.Accord.Clients;
using Totem.Accord.Components;
using Totem.Accord.Replication;
using Totem.Accord.State;
using Totem.Accord.Wire;
using Totem.Core.Diagnostics;

namespace Totem.Accord;

/// <summary>The effects of entries, and what clients hear of them.</summary>
internal sealed partial class Conductor
{
    private void Execute(ProcessorId sender, ReadOnlySpan<byte> message)
    {
        BatchHeader.TryRead(message, out var header);
        var own = sender == _options.Self.Node ? _batches.FindReturned(header.Number) : null;
        _state.Position++;
        var told = _state.EntryCount / DigestBoard.EntriesBetween;
        var index = 0;
        for (var reader = new EntryReader(message); reader.MoveNext(); index++)
        {
            _state.EntryCount++;
            var seat = own is not null && index < own.Entries.Count ? own.Entries[index].Seat : null;
            Execute(sender, reader.Kind, reader.Content, seat);
        }

        if (own is not null)
            _batches.HandleReturned(own);
        if (_state.EntryCount / DigestBoard.EntriesBetween != told && _replica.Serving is not null)
            TellDigest();
    }

    private void Execute(ProcessorId sender, EntryKind kind, ReadOnlySpan<byte> content, ClientSeat? seat)
    {
        switch (kind)
        {
            case EntryKind.Request:
                ExecuteRequest(content, seat);
                break;
            case EntryKind.Part:
                ExecutePart(sender, content, seat);
                break;
            case EntryKind.Joined:
                ExecuteJoined(sender, seat);
                break;
            case EntryKind.Left when content.Length == sizeof(ulong):
                // A conductor speaks for its own clients alone.
                var id = BitConverter.ToUInt64(content);
                if (ReplicatedState.NodeOf(id) == sender && _state.RemoveClient(id))
                    _desk.NotifyMembership(EventKinds.Left, id, _state.Clients, _now);
                break;
            case EntryKind.CaughtUp or EntryKind.AddVoter or EntryKind.RemoveVoter:
                ExecuteVoters(sender, kind, content);
                break;
            case EntryKind.Digest when content.Length == 2 * sizeof(ulong):
                CompareDigest(sender, BitConverter.ToUInt64(content), BitConverter.ToUInt64(content[sizeof(ulong)..]));
                break;
            default:
                MalformedCount++;
                break;
        }
    }

    private void ExecutePart(ProcessorId sender, ReadOnlySpan<byte> content, ClientSeat? seat)
    {
        if (!_partials.TryGetValue(sender, out var partial))
            _partials.Add(sender, partial = new PartialRequest());
        var isWhole = partial.Add(content);
        if (isWhole == false)
            return;
        _partials.Remove(sender);
        if (isWhole == true)
            ExecuteRequest(partial.Whole, seat);
        else
            MalformedCount++;
    }

    private void ExecuteRequest(ReadOnlySpan<byte> message, ClientSeat? seat)
    {
        // It was checked by the conductor that sent it, and is checked again: that one may be broken.
        var result = Request.TryRead(message, out var request);
        if (result == ResultCode.Success && !request.IsReplicated)
            result = ResultCode.Message;
        if (result != ResultCode.Success)
            MalformedCount++;
        else
            result = _executor.Execute(request, wantsAnswer: seat is { IsClosed: false });
        if (result == ResultCode.Success && _desk.Watches.Count > 0)
            Notify(request);
        if (seat is { IsClosed: false })
            AnswerOrdered(seat, result);
    }

    private void AnswerOrdered(ClientSeat seat, ResultCode result)
    {
        var waiting = ClientDesk.Dequeue(seat);
        Invariant.That(waiting.IsOrdered, "an ordered request is answered when it is the first that waits");
        _desk.Answer(seat, waiting.Id, result, _executor.Answer);
        AnswerFollowing(seat);
    }

    private void AnswerFollowing(ClientSeat seat)
    {
        while (seat.Waiting.TryPeek(out var next) && !next.IsOrdered)
        {
            ClientDesk.Dequeue(seat);
            if (next.Local is null)
            {
                _desk.Answer(seat, next.Id, next.Refusal, default);
                continue;
            }

            Request.TryRead(next.Local, out var request);
            AnswerLocally(seat, request, ResultCode.Success);
        }
    }

    private void AnswerLocally(ClientSeat seat, in Request request, ResultCode refusal)
    {
        var id = request.Header.Id;
        if (refusal != ResultCode.Success)
        {
            _desk.Answer(seat, id, refusal, default);
            return;
        }

        switch (request.Opcode)
        {
            case Opcode.AddWatch when _desk.Watches.TryAdd(seat, id, (EventKinds)request.Number, request.Path):
                // The id is the client's own: two of its watches have the same one when it wants that.
                Span<byte> watch = stackalloc byte[2 * sizeof(uint)];
                BitConverter.TryWriteBytes(watch, sizeof(uint));
                BitConverter.TryWriteBytes(watch[sizeof(uint)..], id);
                _desk.Answer(seat, id, ResultCode.Success, watch);
                break;
            case Opcode.AddWatch:
                _desk.Answer(seat, id, ResultCode.Store, default);
                break;
            case Opcode.RemoveWatch:
                var isThere = _desk.Watches.Remove(seat, request.Number);
                _desk.Answer(seat, id, isThere ? ResultCode.Success : ResultCode.NotFound, default);
                break;
            default:
                var result = _executor.Execute(request, wantsAnswer: true);
                _desk.Answer(seat, id, result, _executor.Answer);
                break;
        }
    }

    private void Notify(in Request request)
    {
        if (request.Opcode != Opcode.Transaction)
        {
            NotifyOne(request);
            return;
        }

        foreach (var child in request.Children)
            NotifyOne(child);
    }

    private void NotifyOne(in Request request)
    {
        switch (request.Opcode)
        {
            case Opcode.Write:
                var kind = request.Header.Flags.HasFlag(RequestOptions.Create)
                    ? EventKinds.Created : EventKinds.Changed;
                _desk.Notify(request.Path, kind, request.Message);
                break;
            case Opcode.Delete:
                _desk.Notify(request.Path, EventKinds.Deleted, request.Message);
                break;
            case Opcode.Copy:
                // The event names the source first, which the library of the original takes for its path (ACCORD B-10).
                _desk.Notify(request.OtherPath, EventKinds.Copied, request.Message);
                break;
            default:
                break;
        }
    }

    private void ExecuteJoined(ProcessorId sender, ClientSeat? seat)
    {
        if (_state.AddClient(sender) is not { } id)
        {
            if (seat is not null)
                _desk.Close(seat, $"{AccordLimits.OldClientsMax} clients of the old dialect are on the ring already");
            return;
        }

        if (seat is not null)
        {
            (seat.Id, seat.IsJoining) = (id, false);
            if (seat.IsClosed)
                Leave(id);
        }

        _desk.NotifyMembership(EventKinds.Joined, id, _state.Clients, _now);
    }

    private void ExecuteVoters(ProcessorId sender, EntryKind kind, ReadOnlySpan<byte> content)
    {
        ConductorId[] present = [.. _state.Conductors.Select(x => new ConductorId(x.Key, x.Value))];
        _state.Voters = VoterRules.Apply(_state.Voters, _state.VotersWanted, sender, kind, content, present);
        if (kind != EntryKind.CaughtUp || _replica.Phase is not PrimaryPhase primary)
            return;
        primary.Behind.Remove(sender);
        if (primary.Behind.Count == 0)
            primary.Offer = null;
    }

    private void TellDigest()
    {
        Span<byte> content = stackalloc byte[2 * sizeof(ulong)];
        BitConverter.TryWriteBytes(content, _state.EntryCount);
        BitConverter.TryWriteBytes(content[sizeof(ulong)..], _state.Digest());
        _batches.Add(new OwnEntry(EntryKind.Digest, null), content);
    }

    private void CompareDigest(ProcessorId sender, ulong entries, ulong digest)
    {
        if (_replica.Serving is not { } primary)
            return;
        ProcessorId[] all = [.. _state.Conductors.Keys.Where(x => !primary.Behind.Contains(x))];
        HasFailed |= primary.Digests.IsWrong(entries, sender, digest, all, _options.Self.Node);
    }
}
