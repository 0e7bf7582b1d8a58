namespace Totem.Sheepdog.Ordering;

// What sheep asks for.
internal sealed partial class ClusterEventQueue
{
    private readonly Queue<byte[]> _held = new();
    private readonly HashSet<ulong> _turnsWanted = [];
    private readonly List<ulong> _started = [];
    private readonly Dictionary<ulong, ulong> _lockWanted = [];
    private readonly Queue<ulong> _granted = new();
    private SheepNode? _node;
    private Opaque _opaque;
    private long _heldBytes;
    private ulong _ticket;
    private bool _isLeaving;
    private bool _hasLeft;

    /// <summary>Asks to become a member, as soon as the backend's group has this session.</summary>
    public void Join(SheepNode self, ReadOnlySpan<byte> opaque)
    {
        ArgumentNullException.ThrowIfNull(self);
        if (opaque.Length > ClusterLimits.OpaqueBytesMax)
            throw new ArgumentException($"an opaque buffer of {opaque.Length} bytes, expected at most {ClusterLimits.OpaqueBytesMax}", nameof(opaque));
        if (_node is not null)
            throw new InvalidOperationException("this session has joined already");
        _node = self;
        _opaque = Opaque.Of(opaque);
        if (_hasArrived || _options.OverLog)
            SendJoin();
    }

    /// <summary>Stops being a member.</summary>
    public void Leave()
    {
        // The others may have taken its turn away before it hears its own leave: until then it begins none.
        if (!_isLeaving)
            _isLeaving = Send(new ClusterMessage(ClusterMessageKind.Leave)) == ClusterResult.Success;
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
        var result = Send(new ClusterMessage(ClusterMessageKind.Block) { Ticket = ++_ticket });
        if (result == ClusterResult.Success)
            _turnsWanted.Add(_ticket);
        return result;
    }

    /// <summary>Ends the turn that began first, and sends a message.</summary>
    public ClusterResult Unblock(ReadOnlySpan<byte> message)
    {
        CheckLength(message);
        // A turn of nobody's (number 0) matches nothing; its message is delivered all the same.
        var ticket = _started is [var first, ..] ? first : 0;
        var result = Send(new ClusterMessage(ClusterMessageKind.Unblock) { Ticket = ticket, Payload = message.ToArray() });
        if (result == ClusterResult.Success && ticket != 0)
            _started.RemoveAt(0);
        // After an own leave the next turn can have come before the last one was over.
        Act();
        return result;
    }

    /// <summary>Describes this node anew.</summary>
    public ClusterResult UpdateNode(SheepNode self)
    {
        ArgumentNullException.ThrowIfNull(self);
        if (_node is null || !_node.Equals(self))
            throw new ArgumentException("another identity, expected this session's node", nameof(self));
        return Send(new ClusterMessage(ClusterMessageKind.UpdateNode) { Node = self });
    }

    /// <summary>Asks for a lock.</summary>
    /// <returns>The request's number, which <see cref="TryTakeGranted"/> names when it has the lock; 0 when it cannot be asked.</returns>
    public ulong Lock(ulong id)
    {
        var ticket = ++_ticket;
        if (Send(new ClusterMessage(ClusterMessageKind.Lock) { Id = id, Ticket = ticket }) != ClusterResult.Success)
            return 0;
        _lockWanted.Add(ticket, id);
        return ticket;
    }

    /// <summary>Gives a lock back, or gives up waiting for it.</summary>
    public void Unlock(ulong id, ulong ticket)
    {
        _lockWanted.Remove(ticket);
        Send(new ClusterMessage(ClusterMessageKind.Unlock) { Id = id, Ticket = ticket });
    }

    /// <summary>It has asked for a turn or a lock that has not come yet.</summary>
    public bool IsWaitingForTurn => _turnsWanted.Count > 0 || _lockWanted.Count > 0;

    /// <summary>Takes the next request that has its lock now.</summary>
    public bool TryTakeGranted(out ulong ticket) => _granted.TryDequeue(out ticket);

    private static void CheckLength(ReadOnlySpan<byte> message)
    {
        if (message.Length > ClusterLimits.MessageBytesMax)
            throw new ArgumentException($"a message of {message.Length} bytes, expected at most {ClusterLimits.MessageBytesMax}", nameof(message));
    }

    private ClusterResult Send(ClusterMessage message)
    {
        if (Phase == ClusterPhase.Lost || _node is null)
            return ClusterResult.ClusterError;
        if (_state is not null)
        {
            _outgoing.Enqueue(message.Encode());
            return ClusterResult.Success;
        }

        // Before its accept nobody would heed it.
        var bytes = message.Encode();
        if (_heldBytes + bytes.Length > ClusterLimits.SendingBytesMax)
            return ClusterResult.ClusterError;
        _heldBytes += bytes.Length;
        _held.Enqueue(bytes);
        return ClusterResult.Success;
    }

    private void SendHeld()
    {
        while (_held.TryDequeue(out var message))
            _outgoing.Enqueue(message);
        _heldBytes = 0;
    }
}
