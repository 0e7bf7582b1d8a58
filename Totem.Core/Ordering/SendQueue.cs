using Totem.Core.Diagnostics;

namespace Totem.Core.Ordering;

/// <summary>
/// Messages that wait for the token, payloads in one circular buffer. The message at the head may have been sent in
/// part; when the ring changes under it, <see cref="Rewind"/> makes it start again, because its fragments must not span
/// two rings.
/// </summary>
internal sealed class SendQueue
{
    private const int InitialBytes = 16 * 1024;
    private const int InitialEntries = 64;

    private readonly int _bytesMax;
    private readonly int _messagesMax;
    private readonly IEnvelopes _envelopes;
    private readonly byte[] _headEnvelope = new byte[Envelopes.BytesMax];
    private byte[] _bytes;
    private Entry[] _entries;
    private int _bytesHead;
    private int _entriesHead;

    public SendQueue(int bytesMax, int messagesMax, IEnvelopes envelopes)
    {
        _bytesMax = bytesMax;
        _messagesMax = messagesMax;
        _envelopes = envelopes;
        _bytes = new byte[Math.Min(InitialBytes, bytesMax)];
        _entries = new Entry[Math.Min(InitialEntries, messagesMax)];
    }

    public int Count { get; private set; }

    /// <summary>Bytes of payload; envelopes are not bytes yet.</summary>
    public int UsedBytes { get; private set; }

    public int FreeBytes => Count == _messagesMax ? 0 : _bytesMax - UsedBytes;

    /// <summary>The most bytes all that is queued can take in packets, piece lengths apart.</summary>
    public long PackedBytesMax =>
        UsedBytes - Math.Max(0, HeadOffset - EnvelopeBytes(0)) + (long)Count * EnvelopeBytes(0);

    /// <summary>How much of the message at the head, its envelope included, has been packed already.</summary>
    public int HeadOffset { get; private set; }

    public Guarantee HeadGuarantee
    {
        get
        {
            Invariant.That(Count > 0, "a queue has a head when something waits");
            return _entries[_entriesHead].Guarantee;
        }
    }

    /// <summary>The readers that the message at the head is for.</summary>
    public MessageChannel HeadChannel => _entries[_entriesHead].Envelope.Channel;

    public bool TryEnqueue(in Envelope envelope, ReadOnlySpan<byte> payload, Guarantee guarantee)
    {
        if (Count == _messagesMax || payload.Length > _bytesMax - UsedBytes)
            return false;
        Reserve(payload.Length);
        Append(payload);
        _entries[(_entriesHead + Count) % _entries.Length] = new Entry(envelope, payload.Length, guarantee);
        Count++;
        return true;
    }

    /// <summary>Copies the next bytes of the message at the head; when it is through, the next
    /// message becomes the head.</summary>
    /// <returns>True when that was the end of the message.</returns>
    public bool TakeFromHead(Span<byte> destination)
    {
        Invariant.That(Count > 0, "only what is queued is taken");
        ref readonly var head = ref _entries[_entriesHead];
        var envelopeBytes = EnvelopeBytes(0);
        Invariant.That(destination.Length <= envelopeBytes + head.PayloadBytes - HeadOffset, "no more is taken than "
            + "the head holds");
        if (HeadOffset < envelopeBytes)
        {
            if (HeadOffset == 0)
                _envelopes.Write(head.Envelope, head.PayloadBytes, _headEnvelope.AsSpan(0, envelopeBytes));
            var taken = Math.Min(destination.Length, envelopeBytes - HeadOffset);
            _headEnvelope.AsSpan(HeadOffset, taken).CopyTo(destination);
            HeadOffset += taken;
            destination = destination[taken..];
        }

        var start = (_bytesHead + Math.Max(0, HeadOffset - envelopeBytes)) % _bytes.Length;
        var run = Math.Min(destination.Length, _bytes.Length - start);
        _bytes.AsSpan(start, run).CopyTo(destination);
        _bytes.AsSpan(0, destination.Length - run).CopyTo(destination[run..]);
        HeadOffset += destination.Length;
        Invariant.That(HeadOffset <= envelopeBytes + head.PayloadBytes, "no more is taken than a message has");
        if (HeadOffset < envelopeBytes + head.PayloadBytes)
            return false;
        _bytesHead = (_bytesHead + head.PayloadBytes) % _bytes.Length;
        UsedBytes -= head.PayloadBytes;
        _entriesHead = (_entriesHead + 1) % _entries.Length;
        Count--;
        HeadOffset = 0;
        Invariant.That(UsedBytes >= 0, "no more bytes leave the queue than came into it");
        return true;
    }

    /// <summary>The packed length of the n-th message from the head, and what it asks for; n below
    /// <see cref="Count"/>.</summary>
    public (int Length, Guarantee Guarantee) Peek(int n)
    {
        Invariant.That((uint)n < (uint)Count, "only what is queued is looked at");
        ref readonly var entry = ref _entries[(_entriesHead + n) % _entries.Length];
        return (_envelopes.BytesOf(entry.Envelope) + entry.PayloadBytes, entry.Guarantee);
    }

    /// <summary>The message at the head starts again from its first byte.</summary>
    public void Rewind() => HeadOffset = 0;

    /// <summary>Forgets everything.</summary>
    public void Clear() => (Count, UsedBytes, HeadOffset) = (0, 0, 0);

    private int EnvelopeBytes(int n) =>
        Count == 0 ? 0 : _envelopes.BytesOf(_entries[(_entriesHead + n) % _entries.Length].Envelope);

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Invariant.That(
            UsedBytes + bytes.Length <= _bytes.Length, "what is queued does not run over what was queued before");
        var start = (_bytesHead + UsedBytes) % _bytes.Length;
        var run = Math.Min(bytes.Length, _bytes.Length - start);
        bytes[..run].CopyTo(_bytes.AsSpan(start));
        bytes[run..].CopyTo(_bytes);
        UsedBytes += bytes.Length;
    }

    /// <summary>The buffers double until the limits, so that a quiet processor stays small.</summary>
    private void Reserve(int length)
    {
        if (UsedBytes + length > _bytes.Length)
        {
            var bytes = new byte[(int)Math.Min(_bytesMax, Math.Max(2L * _bytes.Length, UsedBytes + (long)length))];
            var run = Math.Min(UsedBytes, _bytes.Length - _bytesHead);
            _bytes.AsSpan(_bytesHead, run).CopyTo(bytes);
            _bytes.AsSpan(0, UsedBytes - run).CopyTo(bytes.AsSpan(run));
            (_bytes, _bytesHead) = (bytes, 0);
        }

        if (Count == _entries.Length)
        {
            var entries = new Entry[Math.Min(_messagesMax, 2 * _entries.Length)];
            for (var i = 0; i < Count; i++)
                entries[i] = _entries[(_entriesHead + i) % _entries.Length];
            (_entries, _entriesHead) = (entries, 0);
        }
    }

    private readonly record struct Entry(Envelope Envelope, int PayloadBytes, Guarantee Guarantee);
}
