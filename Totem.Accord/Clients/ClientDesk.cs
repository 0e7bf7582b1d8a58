using Totem.Accord.Watches;
using Totem.Accord.Wire;
using Totem.Core.Time;

namespace Totem.Accord.Clients;

/// <summary>The clients of this conductor: who is there, what each is to get, who is to be closed.</summary>
internal sealed class ClientDesk
{
    /// <summary>For how long a newcomer's notices are kept back: the original takes 0.3 to 4.5 ms, and loses the race
    /// now and then.</summary>
    public static readonly TimeSpan NoticeDelay = TimeSpan.FromMilliseconds(5);

    private readonly List<ClientSeat> _seats = [];
    private readonly Queue<ClientSeat> _dirty = [];
    private readonly Queue<(ClientSeat Seat, string Reason)> _closing = [];
    private readonly Queue<ClientSeat> _keeping = [];
    private long _number;

    /// <summary>Everybody who is connected.</summary>
    public IReadOnlyList<ClientSeat> Seats => _seats;

    /// <summary>Their watches.</summary>
    public WatchTable<ClientSeat> Watches { get; } = new();

    /// <summary>When the next notice that is kept back may go; null when none is.</summary>
    public Instant? NextDeadline => _keeping.TryPeek(out var seat) ? seat.NoticesFrom : null;

    /// <summary>A client connects.</summary>
    public ClientSeat Add(System.Buffers.IBufferWriter<byte> output, Instant now)
    {
        var seat = new ClientSeat(++_number, output) { NoticesFrom = now + NoticeDelay };
        _seats.Add(seat);
        return seat;
    }

    /// <summary>A client is gone.</summary>
    public void Remove(ClientSeat seat)
    {
        seat.IsClosed = true;
        seat.Waiting.Clear();
        seat.WaitingBytes = 0;
        seat.KeptNotices.Clear();
        _seats.Remove(seat);
        Watches.RemoveAll(seat);
    }

    /// <summary>The host is to close this connection, and tells so with the input that ends it.</summary>
    public void Close(ClientSeat seat, string reason)
    {
        if (!seat.IsClosed)
            _closing.Enqueue((seat, reason));
    }

    /// <summary>The next connection to close.</summary>
    public bool TryTakeClosing(out ClientSeat seat, out string reason)
    {
        var any = _closing.TryDequeue(out var item);
        (seat, reason) = item;
        return any;
    }

    /// <summary>The next client for whom there is something to send.</summary>
    public bool TryTakeDirty(out ClientSeat seat)
    {
        if (!_dirty.TryDequeue(out seat!))
            return false;
        seat.IsDirty = false;
        return true;
    }

    /// <summary>Something was written for a client.</summary>
    public void MarkDirty(ClientSeat seat)
    {
        if (seat.IsDirty)
            return;
        seat.IsDirty = true;
        _dirty.Enqueue(seat);
    }

    /// <summary>Puts a request behind the others of its client.</summary>
    public static void Enqueue(ClientSeat seat, in WaitingRequest request)
    {
        seat.Waiting.Enqueue(request);
        seat.WaitingBytes += request.Bytes;
    }

    /// <summary>Takes the first request of a client.</summary>
    public static WaitingRequest Dequeue(ClientSeat seat)
    {
        var request = seat.Waiting.Dequeue();
        seat.WaitingBytes -= request.Bytes;
        return request;
    }

    /// <summary>Answers.</summary>
    public void Answer(ClientSeat seat, uint id, ResultCode result, ReadOnlySpan<byte> arguments)
    {
        if (seat.IsClosed)
            return;
        ResponseWriter.WriteEncoded(seat.Output, id, result, result == ResultCode.Success ? arguments : default);
        MarkDirty(seat);
    }

    /// <summary>Tells the watches of a path.</summary>
    public void Notify(ReadOnlySpan<byte> path, EventKinds kind, ReadOnlySpan<byte> request)
    {
        foreach (var watch in Watches.Find(path, kind))
        {
            ResponseWriter.WriteEvent(watch.Client.Output, request, watch.Id, kind);
            MarkDirty(watch.Client);
        }
    }

    /// <summary>Tells everybody who has come that a client came or went.</summary>
    public void NotifyMembership(EventKinds kind, ulong client, IReadOnlyCollection<ulong> all, Instant now)
    {
        byte[]? bytes = null;
        foreach (var seat in _seats)
        {
            if (seat.Id is null)
                continue;
            bytes ??= ResponseWriter.EncodeMembership(kind, client, all);
            if (now < seat.NoticesFrom || seat.KeptNotices.Count > 0)
                Keep(seat, bytes);
            else
                Write(seat, bytes);
        }
    }

    /// <summary>Notices that were kept back go out when it is time.</summary>
    public void HandleDeadline(Instant now)
    {
        while (_keeping.TryPeek(out var seat) && (seat.NoticesFrom <= now || seat.IsClosed))
        {
            _keeping.Dequeue();
            while (seat.KeptNotices.TryDequeue(out var notice))
                Write(seat, notice);
        }
    }

    private void Keep(ClientSeat seat, byte[] notice)
    {
        if (seat.KeptNotices.Count == 0)
            _keeping.Enqueue(seat);
        seat.KeptNotices.Enqueue(notice);
    }

    private void Write(ClientSeat seat, byte[] notice)
    {
        System.Buffers.BuffersExtensions.Write(seat.Output, notice);
        MarkDirty(seat);
    }
}
