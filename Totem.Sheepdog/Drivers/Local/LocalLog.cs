using System.Runtime.Versioning;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The next element of the order: somebody's message, or that somebody is gone.</summary>
internal readonly record struct LogEntry(OrderKind Kind, PeerId Sender, ReadOnlyMemory<byte> Message, PeerId Subject);

/// <summary>
/// The order as one session writes and reads it: the segment it is in. A record counts when no seal stands before it in
/// its segment. So a writer needs no lock: it appends, and reads whether what it appended counts; what does not is
/// appended anew in the next segment. All under the driver's gate.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalLog : IDisposable
{
    private readonly LocalDirectory _directory;
    private readonly PeerId _self;
    private readonly LocalLimits _limits;
    private readonly Queue<(OrderRecord Record, byte[] Message)> _unread = new();
    private OrderFile _order;
    private MessageFiles _messages;
    private uint _sequence;
    private long _bytes;
    private bool _hasSealed;

    public LocalLog(LocalDirectory directory, PeerId self, LocalLimits limits, OrderFile order, ulong segment)
    {
        (_directory, _self, _limits) = (directory, self, limits);
        (_order, Segment) = (order, segment);
        _messages = new MessageFiles(directory, segment, self);
    }

    /// <summary>The segment that is read, and appended to.</summary>
    public ulong Segment { get; private set; }

    /// <summary>The seal was read: <see cref="Follow"/>.</summary>
    public bool IsSealed { get; private set; }

    /// <summary>The seal was read, and it is this session's.</summary>
    public bool IsSealedByItself { get; private set; }

    /// <summary>Where the last entry stood.</summary>
    public LogPosition Last => new(Segment, _order.LastOffset);

    /// <summary>Bytes of own messages that have not come back yet.</summary>
    public long UnreadBytes { get; private set; }

    /// <summary>Entries that were not what was written: skipped, by everybody.</summary>
    public long DamagedCount { get; private set; }

    public string OrderPath => _order.Path;

    /// <summary>Somebody has removed what is read.</summary>
    public bool IsRemoved => _order.IsRemoved;

    public void Send(byte[] message)
    {
        UnreadBytes += message.Length;
        Send(new OrderRecord(OrderKind.Message, _self, _sequence++, (uint)message.Length, 0,
            OrderRecord.CheckOf(message)), message);
    }

    public void SendGone(PeerId peer) =>
        Send(new OrderRecord(OrderKind.Gone, _self, _sequence++, 0, peer.Seat, peer.Instance), []);

    /// <summary>Ends the segment, whatever it has. Another session may have been faster.</summary>
    public void Seal()
    {
        if (_hasSealed)
            return;
        _hasSealed = true;
        _order.Append(new OrderRecord(OrderKind.Seal, _self, 0));
    }

    /// <summary>Reads the next entry.</summary>
    /// <param name="wantsMessages">False reads places only: what lies before this session's arrival is not
    /// for this session.</param>
    /// <param name="entry">Its kind.</param>
    /// <returns>False at the end of what there is, or of the segment.</returns>
    /// <exception cref="IOException">It cannot be read: this session was left behind.</exception>
    public bool TryRead(bool wantsMessages, out LogEntry entry)
    {
        entry = default;
        while (!IsSealed && _order.TryRead(out var record))
        {
            _bytes += record.Length + LocalLimits.RecordBytes;
            if (record.Kind == OrderKind.Seal)
            {
                (IsSealed, IsSealedByItself) = (true, record.Sender == _self);
                return false;
            }

            var message = record.Sender == _self ? TakeUnread(record)
                : record.Kind == OrderKind.Message && wantsMessages ? _messages.Read(record) : [];
            if (message is null)
            {
                DamagedCount++;
                continue;
            }

            entry = new LogEntry(record.Kind, record.Sender, message, record.Subject);
            return true;
        }

        return false;
    }

    /// <summary>Goes on to the next segment, and appends there what did not count in the last one.</summary>
    /// <returns>False when it is not there, though others are further: this session was left behind.</returns>
    public bool Follow()
    {
        var next = _directory.OrderPath(Segment + 1);
        var order = OrderFile.TryOpen(_directory.Files, next, isMade: false);
        if (order is null)
        {
            // Never made behind those who have gone on: they would not look there. Or somebody has made it just now.
            var isMade = !_directory.Segments().Any(x => x > Segment);
            order = OrderFile.TryOpen(_directory.Files, next, isMade);
            if (order is null)
                return isMade ? throw new IOException($"{_directory.Log} was removed") : false;
        }

        _order.Dispose();
        _messages.Dispose();
        (_order, Segment) = (order, Segment + 1);
        _messages = new MessageFiles(_directory, Segment, _self);
        (_bytes, _hasSealed, IsSealed, IsSealedByItself) = (0, false, false, false);
        foreach (var (record, message) in _unread)
            Append(record, message);
        return true;
    }

    public void Dispose()
    {
        _order.Dispose();
        _messages.Dispose();
    }

    private void Send(in OrderRecord record, byte[] message)
    {
        _unread.Enqueue((record, message));
        Append(record, message);
    }

    private void Append(in OrderRecord record, byte[] message) =>
        _order.Append(record.Kind == OrderKind.Message ? record with { First = _messages.Write(message) } : record);

    private byte[] TakeUnread(in OrderRecord record)
    {
        if (!_unread.TryDequeue(out var own) || own.Record.Sequence != record.Sequence)
            throw new IOException($"{OrderPath} has entries of this session that it did not write");
        UnreadBytes -= own.Message.Length;
        // Everybody who writes sees to it that the segment ends; seals behind the first do not count.
        if (_bytes > _limits.SegmentBytes)
            Seal();
        return own.Message;
    }
}
