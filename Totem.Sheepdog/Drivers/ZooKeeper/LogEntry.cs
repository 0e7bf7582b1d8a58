using System.Buffers.Binary;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The kinds of entries of the log; the first byte.</summary>
internal enum LogEntryKind : byte
{
    /// <summary>A message: its sender's session, the message.</summary>
    Message = 1,

    /// <summary>A session has ended.</summary>
    Gone = 2,

    /// <summary>A message to a joiner whose last part lies where only the joiner reads it: sender, number and chunks of
    /// that, the message's first part.</summary>
    Handed = 3,
}

/// <summary>One entry of the log, as it lies in its znode. Numbers are little-endian.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Peer">The session that sent it, or is gone.</param>
/// <param name="Message">The message, or its first part.</param>
internal readonly record struct LogEntry(LogEntryKind Kind, PeerId Peer, ReadOnlyMemory<byte> Message = default)
{
    private const int PeerEnd = 9;
    private const int HandedEnd = PeerEnd + 5;

    /// <summary>Handed: which one of its sender.</summary>
    public uint Number { get; init; }

    /// <summary>Handed: how many znodes.</summary>
    public byte ChunkCount { get; init; }

    public byte[] Encode()
    {
        var head = Kind == LogEntryKind.Handed ? HandedEnd : PeerEnd;
        var bytes = new byte[head + Message.Length];
        bytes[0] = (byte)Kind;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1), Peer.Seat);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(5), Peer.Instance);
        if (Kind == LogEntryKind.Handed)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(PeerEnd), Number);
            bytes[HandedEnd - 1] = ChunkCount;
        }

        Message.Span.CopyTo(bytes.AsSpan(head));
        return bytes;
    }

    /// <returns>Null when it is not an entry: somebody else writes here too.</returns>
    public static LogEntry? TryDecode(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        var kind = span.Length >= PeerEnd ? (LogEntryKind)span[0] : default;
        if (kind is < LogEntryKind.Message or > LogEntryKind.Handed
            || (kind == LogEntryKind.Handed && span.Length < HandedEnd))
            return null;
        var peer = new PeerId(
            BinaryPrimitives.ReadUInt32LittleEndian(span[1..]), BinaryPrimitives.ReadUInt32LittleEndian(span[5..]));
        return kind == LogEntryKind.Handed
            ? new LogEntry(kind, peer, bytes[HandedEnd..])
            {
                Number = BinaryPrimitives.ReadUInt32LittleEndian(span[PeerEnd..]),
                ChunkCount = span[HandedEnd - 1],
            }
            : new LogEntry(kind, peer, bytes[PeerEnd..]);
    }
}
