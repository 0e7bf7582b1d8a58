using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Totem.Platform.Programs;

/// <summary>
/// A bounded queue of records, each a header and bytes, in pieces that are taken when they are needed and given back
/// when they have been read: its memory follows what waits, not what may wait. In steady state neither side allocates.
/// One thread writes at a time and one reads at a time; the two need no lock between them. A record lies in one piece,
/// so that both sides can work on a span of it.
/// </summary>
public sealed class RecordRing<THeader> where THeader : unmanaged
{
    /// <summary>Records start at multiples of this, so that headers are aligned.</summary>
    private const int Alignment = 8;

    /// <summary>A queue that little goes through stays at this.</summary>
    private const int FirstPieceBytes = 1024;

    /// <summary>Pieces double up to this; a longer record has a piece of its own.</summary>
    private const int PieceBytesMax = 64 * 1024;

    private static readonly int PrefixBytes = Align(sizeof(int) + Unsafe.SizeOf<THeader>());

    private readonly int _capacity;

    // The writer's piece and the reader's; the same one most of the time.
    private Piece? _tail;
    private Piece? _head;
    private int _headRead;

    // Pieces without bytes that the reader has given back. It alone adds and the writer alone takes, so a piece that
    // the writer looks at cannot be taken and added again meanwhile.
    private Piece? _free;

    // Sums that only grow. 63 bits: 29 years at 10 GB/s. The writer's is written last: who sees it
    // sees the record and the way to it.
    private long _written;
    private long _read;

    /// <param name="capacityBytes">The most that waits, at least the largest record with its overhead; nothing is taken
    /// for it before it is needed.</param>
    public RecordRing(int capacityBytes) => _capacity = capacityBytes;

    /// <summary>The room that a record of that many bytes takes.</summary>
    private static int RecordBytes(int payloadBytes) => PrefixBytes + Align(payloadBytes);

    /// <summary>True when there is nothing to read. Either side.</summary>
    public bool IsEmpty => Volatile.Read(ref _written) == Volatile.Read(ref _read);

    /// <summary>Bytes that are taken. Either side.</summary>
    public long UsedBytes => Volatile.Read(ref _written) - Volatile.Read(ref _read);

    /// <summary>Whether a payload of that size could be written now. The writer.</summary>
    public bool HasRoom(int payloadBytes) => UsedBytes + RecordBytes(payloadBytes) <= _capacity;

    /// <summary>Adds a record. The writer.</summary>
    /// <returns>False when there is no room; nothing has changed then.</returns>
    public bool TryWrite(in THeader header, ReadOnlySpan<byte> payload)
    {
        if (!HasRoom(payload.Length))
            return false;
        Write(header, payload);
        return true;
    }

    /// <summary>Adds a record though the queue may be over its capacity: who calls it bounds how
    /// often. The writer.</summary>
    public void Write(in THeader header, ReadOnlySpan<byte> payload)
    {
        var needed = RecordBytes(payload.Length);
        var piece = PieceFor(needed);
        var place = piece.Bytes.AsSpan(piece.WrittenBytes);
        MemoryMarshal.Write(place, payload.Length);
        MemoryMarshal.Write(place[sizeof(int)..], in header);
        payload.CopyTo(place[PrefixBytes..]);
        Volatile.Write(ref piece.WrittenBytes, piece.WrittenBytes + needed);
        Volatile.Write(ref _written, _written + needed);
    }

    /// <summary>Looks at the oldest record; it stays, and its bytes stay valid, until
    /// <see cref="Advance"/>. The reader.</summary>
    public bool TryPeek(out THeader header, out ReadOnlySpan<byte> payload)
    {
        header = default;
        payload = default;
        if (IsEmpty)
            return false;
        var place = Oldest();
        header = MemoryMarshal.Read<THeader>(place[sizeof(int)..]);
        payload = place.Slice(PrefixBytes, MemoryMarshal.Read<int>(place));
        return true;
    }

    /// <summary>Removes the record that <see cref="TryPeek"/> showed. The reader.</summary>
    public void Advance()
    {
        var taken = RecordBytes(MemoryMarshal.Read<int>(Oldest()));
        _headRead += taken;
        Volatile.Write(ref _read, _read + taken);
    }

    private Piece PieceFor(int needed)
    {
        var tail = _tail;
        if (tail is not null && tail.Bytes.Length - tail.WrittenBytes >= needed)
            return tail;
        var wanted = Math.Max(needed, tail is null ? FirstPieceBytes : Math.Min(PieceBytesMax, 2 * tail.Bytes.Length));
        var next = TakeFree() ?? new Piece();
        next.Bytes = ArrayPool<byte>.Shared.Rent(wanted);
        if (tail is null)
            Volatile.Write(ref _head, next);
        else
            Volatile.Write(ref tail.Next, next);
        return _tail = next;
    }

    /// <summary>Where the oldest record is. There is one, so behind a piece that has been read
    /// there is another.</summary>
    private Span<byte> Oldest()
    {
        var head = Volatile.Read(ref _head)!;
        while (_headRead == Volatile.Read(ref head.WrittenBytes))
        {
            var next = Volatile.Read(ref head.Next)!;
            GiveBack(head);
            _headRead = 0;
            Volatile.Write(ref _head, next);
            head = next;
        }

        return head.Bytes.AsSpan(_headRead);
    }

    private void GiveBack(Piece piece)
    {
        ArrayPool<byte>.Shared.Return(piece.Bytes);
        piece.Bytes = [];
        piece.WrittenBytes = 0;
        Piece? free;
        do
        {
            // Once the exchange has succeeded the piece belongs to the writer: nothing of it may be read again.
            free = Volatile.Read(ref _free);
            piece.Next = free;
        }
        while (Interlocked.CompareExchange(ref _free, piece, free) != free);
    }

    private Piece? TakeFree()
    {
        while (Volatile.Read(ref _free) is { } free)
        {
            if (Interlocked.CompareExchange(ref _free, free.Next, free) != free)
                continue;
            free.Next = null;
            return free;
        }

        return null;
    }

    private static int Align(int bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private sealed class Piece
    {
        public byte[] Bytes { get; set; } = [];

        public int WrittenBytes;

        public Piece? Next;
    }
}
