using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <content>The requests of sheep.</content>
internal sealed partial class ClusterSession
{
    /// <summary>It has asked for a turn or a lock that has not come yet.</summary>
    public bool IsWaitingForTurn => _common.Turns.IsWaiting || _common.Locks.IsWaiting;

    /// <summary>Asks to become a member, as soon as the backend's group has this session.</summary>
    public void Join(SheepNode self, ReadOnlySpan<byte> opaque)
    {
        ArgumentNullException.ThrowIfNull(self);
        if (opaque.Length > ClusterLimits.MaxOpaqueBytes)
        {
            throw new ArgumentException(
                $"an opaque buffer of {opaque.Length} bytes, expected at most {ClusterLimits.MaxOpaqueBytes}",
                nameof(opaque));
        }

        if (_common.Request is not null)
            throw new InvalidOperationException("this session has joined already");
        _common.Request = new JoinRequest(self, Opaque.Of(opaque));
        Handle(new SessionInput.JoinAsked());
    }

    /// <summary>Stops being a member.</summary>
    public void Leave()
    {
        if (!_common.Turns.IsLeaving && Send(new ClusterMessage(ClusterMessageKind.Leave)) == ClusterResult.Success)
            _common.Turns.BeginLeave();
    }

    /// <summary>Sends a message to everybody.</summary>
    public ClusterResult Notify(ReadOnlySpan<byte> message)
    {
        CheckLength(message);
        return Send(new ClusterMessage(ClusterMessageKind.Notify) { Payload = message.ToArray() });
    }

    /// <summary>Asks for a turn.</summary>
    public ClusterResult Block()
    {
        var ticket = ++_lastTicket;
        var result = Send(new ClusterMessage(ClusterMessageKind.Block) { Ticket = ticket });
        if (result == ClusterResult.Success)
            _common.Turns.Want(ticket);
        return result;
    }

    /// <summary>Ends the turn that began first, and sends a message.</summary>
    public ClusterResult Unblock(ReadOnlySpan<byte> message)
    {
        CheckLength(message);
        // A turn of nobody's matches nothing; its message is delivered all the same.
        var unblock = new ClusterMessage(ClusterMessageKind.Unblock) { Ticket = _common.Turns.Running };
        var result = Send(unblock with { Payload = message.ToArray() });
        if (result == ClusterResult.Success)
            _common.Turns.EndRunning();
        // After an own leave the next turn can have come before the last one was over.
        (_state as JoinedState)?.Act();
        return result;
    }

    /// <summary>Describes this node anew.</summary>
    public ClusterResult UpdateNode(SheepNode self)
    {
        ArgumentNullException.ThrowIfNull(self);
        if (_common.Request is not { } request || !request.Node.Equals(self))
            throw new ArgumentException("another identity, expected this session's node", nameof(self));
        return Send(new ClusterMessage(ClusterMessageKind.UpdateNode) { Node = self });
    }

    /// <summary>Asks for a lock.</summary>
    /// <returns>The request's number, which <see cref="TryTakeGranted"/> names when it has the lock; 0 when it cannot
    /// be asked.</returns>
    public ulong Lock(ulong id)
    {
        var ticket = ++_lastTicket;
        if (Send(new ClusterMessage(ClusterMessageKind.Lock) { Id = id, Ticket = ticket }) != ClusterResult.Success)
            return 0;
        _common.Locks.Want(ticket, id);
        return ticket;
    }

    /// <summary>Gives a lock back, or gives up waiting for it.</summary>
    public void Unlock(ulong id, ulong ticket)
    {
        _common.Locks.GiveUp(ticket);
        Send(new ClusterMessage(ClusterMessageKind.Unlock) { Id = id, Ticket = ticket });
    }

    /// <summary>Takes the next request that has its lock now.</summary>
    public bool TryTakeGranted(out ulong ticket) => _common.Locks.TryTakeGranted(out ticket);

    private static void CheckLength(ReadOnlySpan<byte> message)
    {
        if (message.Length > ClusterLimits.MaxMessageBytes)
        {
            throw new ArgumentException(
                $"a message of {message.Length} bytes, expected at most {ClusterLimits.MaxMessageBytes}",
                nameof(message));
        }
    }

    private ClusterResult Send(ClusterMessage message) =>
        _common.Request is not null && _state.TrySend(message.Encode())
            ? ClusterResult.Success : ClusterResult.ClusterError;
}
