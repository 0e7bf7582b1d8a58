using Totem.Core.Diagnostics;

namespace Totem.Core.Ordering;

/// <summary>The facts about a frame in the window that need no second reading of it.</summary>
[Flags]
internal enum FrameFlags : byte
{
    None = 0,

    /// <summary>Its sender asked for safe delivery.</summary>
    Safe = 1,

    /// <summary>It carries a message of an old ring and is never delivered itself.</summary>
    Encapsulated = 2,
}

/// <summary>
/// The frames of one ring by number: a ring buffer that starts behind the last released frame. Frames come in any
/// order; <see cref="Aru"/> is the end of the unbroken run from the start.
/// </summary>
internal sealed class ReceiveWindow
{
    private readonly FrameBuffers _buffers;
    private readonly long _bytesMax;
    private readonly Slot[] _slots;
    private readonly int _mask;
    private long _bytesHeld;

    public ReceiveWindow(FrameBuffers buffers, int capacity, long bytesMax, Seq first)
    {
        Invariant.That(int.IsPow2(capacity), "a window's capacity is a power of two");
        _buffers = buffers;
        _bytesMax = bytesMax;
        _slots = new Slot[capacity];
        _mask = capacity - 1;
        Released = Aru = High = first;
    }

    public enum StoreResult
    {
        Stored,
        Duplicate,
        OutsideWindow,
        WindowFull,
    }

    /// <summary>Everything up to here has been given back; it was delivered here and received by all.</summary>
    public Seq Released { get; private set; }

    /// <summary>All received up to here.</summary>
    public Seq Aru { get; private set; }

    /// <summary>The highest number received.</summary>
    public Seq High { get; private set; }

    public int Capacity => _slots.Length;

    /// <summary>True when the number is not released and within the window's reach.</summary>
    public bool Covers(Seq seq) => seq.DistanceFrom(Released) is var ahead && ahead > 0 && ahead <= _slots.Length;

    public bool Contains(Seq seq) => Covers(seq) && _slots[Index(seq)].Buffer is not null;

    /// <summary>The bytes of a frame that the window contains.</summary>
    public ReadOnlySpan<byte> Frame(Seq seq)
    {
        Invariant.That(Contains(seq), "a frame is read only while the window holds it");
        ref readonly var slot = ref _slots[Index(seq)];
        return slot.Buffer.AsSpan(0, slot.Length);
    }

    public ProcessorId Source(Seq seq) => _slots[Index(seq)].Source;

    public bool IsSafe(Seq seq) => (_slots[Index(seq)].Flags & FrameFlags.Safe) != FrameFlags.None;

    public bool IsEncapsulated(Seq seq) => (_slots[Index(seq)].Flags & FrameFlags.Encapsulated) != FrameFlags.None;

    /// <summary>Copies a received frame into the window.</summary>
    public StoreResult Store(Seq seq, ProcessorId source, FrameFlags flags, ReadOnlySpan<byte> frame)
    {
        if (!Covers(seq))
            return seq <= Released ? StoreResult.Duplicate : StoreResult.OutsideWindow;
        if (_slots[Index(seq)].Buffer is not null)
            return StoreResult.Duplicate;
        // The next frame in order is always taken: without it nothing would ever be released.
        if (_bytesHeld + frame.Length > _bytesMax && seq != Aru.Next)
            return StoreResult.WindowFull;
        var buffer = _buffers.Rent(frame.Length);
        frame.CopyTo(buffer);
        Keep(seq, source, flags, buffer, frame.Length);
        return StoreResult.Stored;
    }

    /// <summary>Keeps a frame that was built in a rented buffer; the window owns the buffer from here on.</summary>
    public void Keep(Seq seq, ProcessorId source, FrameFlags flags, byte[] buffer, int length)
    {
        Invariant.That(Covers(seq), "a kept frame is inside the window");
        Invariant.That(length > 0 && length <= buffer.Length, "a kept frame fits its buffer");
        ref var slot = ref _slots[Index(seq)];
        Invariant.That(slot.Buffer is null, "a number is given to one frame only");
        slot = new Slot(buffer, length, source, flags);
        _bytesHeld += length;
        High = Seq.Max(High, seq);
        while (Contains(Aru.Next))
            Aru = Aru.Next;
        Invariant.That(Aru <= High, "what has come without a hole ends at the highest number at the latest");
        Invariant.That(High.DistanceFrom(Released) <= Capacity, "every number of the window has a slot of its own");
    }

    /// <summary>Gives everything up to here back.</summary>
    public void ReleaseThrough(Seq seq)
    {
        Invariant.That(seq <= Aru, "nothing is released before it has been received");
        while (Released < seq)
        {
            var next = Released.Next;
            Invariant.That(_slots[Index(next)].Buffer is not null, "what is released was held");
            Free(ref _slots[Index(next)]);
            Released = next;
        }

        Invariant.That(Released != High || _bytesHeld == 0, "a window without frames holds no bytes");
    }

    /// <summary>Gives all buffers back.</summary>
    public void Clear()
    {
        for (var seq = Released.Next; seq <= High; seq = seq.Next)
            Free(ref _slots[Index(seq)]);
        Restart(High);
    }

    /// <summary>Begins again, empty, behind this number.</summary>
    public void Restart(Seq first)
    {
        Invariant.That(_bytesHeld == 0, "a window starts again only when it is empty");
        Released = Aru = High = first;
    }

    private int Index(Seq seq) => (int)(seq.Value & (uint)_mask);

    private void Free(ref Slot slot)
    {
        if (slot.Buffer is null)
            return;
        _bytesHeld -= slot.Length;
        Invariant.That(_bytesHeld >= 0, "no more bytes leave a window than came into it");
        _buffers.Return(slot.Buffer);
        slot = default;
    }

    private readonly record struct Slot(byte[]? Buffer, int Length, ProcessorId Source, FrameFlags Flags);
}
