using Totem.Core.Diagnostics;
using Totem.Core.Model;

namespace Totem.Core.Ordering;

/// <summary>
/// Datagrams that wait for the host to take them, in order. A frame of a receive window is named, not copied. The host
/// drains after every input; what piles up beyond the limit is lost, as on a network.
/// </summary>
internal sealed class Outbox(FrameBuffers buffers)
{
    private const int CountMax = 4096;

    private Entry[] _entries = new Entry[64];
    private int _head;

    public int Count { get; private set; }

    /// <summary>Datagrams lost because the host did not take them.</summary>
    public long Overflowed { get; private set; }

    /// <summary>Queues a frame of its own; the outbox owns the rented buffer from here on.</summary>
    public void Add(ProcessorId destination, byte[] buffer, int length)
    {
        Invariant.That(length > 0, "a datagram has bytes");
        Invariant.That(length <= buffer.Length, "a datagram fits its buffer");
        Enqueue(new Entry(destination, buffer, length, Window: null, default));
    }

    /// <summary>Queues a multicast of a frame that lies in a window; it is skipped if the window
    /// lets go of it before.</summary>
    public void AddFromWindow(ReceiveWindow window, Seq seq)
    {
        Invariant.That(window.Contains(seq), "a frame is sent from the window that holds it");
        Enqueue(new Entry(ProcessorId.None, Buffer: null, 0, window, seq));
    }

    public bool TryTake(Span<byte> destination, out Transmit transmit)
    {
        while (Count > 0)
        {
            var entry = Dequeue();
            if (entry.Window is { } window)
            {
                if (!window.Contains(entry.Seq))
                    continue;
                var frame = window.Frame(entry.Seq);
                frame.CopyTo(destination);
                transmit = new Transmit(entry.Destination, frame.Length);
                return true;
            }

            Invariant.That(entry.Buffer is not null, "a datagram lies in a window or in a buffer of its own");
            entry.Buffer.AsSpan(0, entry.Length).CopyTo(destination);
            buffers.Return(entry.Buffer);
            transmit = new Transmit(entry.Destination, entry.Length);
            return true;
        }

        transmit = default;
        return false;
    }

    private void Enqueue(in Entry entry)
    {
        if (Count == CountMax)
        {
            if (Dequeue().Buffer is { } lost)
                buffers.Return(lost);
            Overflowed++;
        }

        if (Count == _entries.Length)
        {
            var entries = new Entry[2 * _entries.Length];
            for (var i = 0; i < Count; i++)
                entries[i] = _entries[(_head + i) % _entries.Length];
            (_entries, _head) = (entries, 0);
        }

        _entries[(_head + Count) % _entries.Length] = entry;
        Count++;
        Invariant.That(Count <= CountMax, "no more datagrams wait than the limit");
    }

    private Entry Dequeue()
    {
        Invariant.That(Count > 0, "a datagram is taken only when one waits");
        var entry = _entries[_head];
        _entries[_head] = default;
        _head = (_head + 1) % _entries.Length;
        Count--;
        return entry;
    }

    private readonly record struct Entry(
        ProcessorId Destination, byte[]? Buffer, int Length, ReceiveWindow? Window, Seq Seq);
}
