using Totem.Core.Diagnostics;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Sequence;

/// <summary>The fate of a fragment.</summary>
internal enum FragmentResult
{
    /// <summary>Kept; others are missing.</summary>
    Kept,

    /// <summary>It was here.</summary>
    Repeated,

    /// <summary>It contradicts the fragments that are here, or the limit of a message.</summary>
    Contradiction,

    /// <summary>The message is whole.</summary>
    Whole,
}

/// <summary>
/// A message of which fragments have come, in any order (KNET §8.3). All but the last have one length; until one of
/// these is here the last one, whose place depends on it, lies at the end of the buffer, where no other reaches. Used
/// again for the next message.
/// </summary>
internal sealed class PartialMessage
{
    private const int None = -1;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(KnetFormat.MessageBytesMax);
    private readonly ulong[] _received = new ulong[4];
    private int _count;
    private int _receivedCount;
    private int _unit;
    private int _lastBytes;

    public ushort Seq { get; private set; }

    /// <summary>When a fragment came last, in a count that only grows.</summary>
    public long TouchedAt { get; set; }

    /// <summary>The message; only when it is whole.</summary>
    public ReadOnlySpan<byte> Message
    {
        get
        {
            Invariant.That(_receivedCount == _count, "a message is read when all its fragments are here");
            return _buffer.AsSpan(0, ((_count - 1) * _unit) + _lastBytes);
        }
    }

    /// <summary>Begins with a message of which nothing has come.</summary>
    public void Begin(ushort seq, int count)
    {
        Array.Clear(_received);
        (Seq, _count, _receivedCount, _unit, _lastBytes) = (seq, count, 0, None, None);
    }

    /// <param name="fragment">1 to <paramref name="fragmentCount"/>: the decoder has looked.</param>
    /// <param name="fragmentCount">How many the packet says there are.</param>
    /// <param name="bytes">Its part of the message.</param>
    public FragmentResult Add(int fragment, int fragmentCount, ReadOnlySpan<byte> bytes)
    {
        if (fragmentCount != _count)
            return FragmentResult.Contradiction;
        ref var word = ref _received[fragment / 64];
        var bit = 1ul << (fragment % 64);
        if ((word & bit) != 0)
            return FragmentResult.Repeated;
        if (!(fragment == _count ? TryKeepLast(bytes) : TryKeep(fragment, bytes)))
            return FragmentResult.Contradiction;
        word |= bit;
        _receivedCount++;
        if (_receivedCount < _count)
            return FragmentResult.Kept;
        _buffer.AsSpan(_buffer.Length - _lastBytes).CopyTo(_buffer.AsSpan((_count - 1) * _unit));
        return FragmentResult.Whole;
    }

    private bool TryKeep(int fragment, ReadOnlySpan<byte> bytes)
    {
        var unit = _unit < 0 ? bytes.Length : _unit;
        if (bytes.IsEmpty || bytes.Length != unit || ((_count - 1) * unit) + Math.Max(_lastBytes, 0) > _buffer.Length)
            return false;
        _unit = unit;
        bytes.CopyTo(_buffer.AsSpan((fragment - 1) * unit));
        return true;
    }

    private bool TryKeepLast(ReadOnlySpan<byte> bytes)
    {
        if (((_count - 1) * Math.Max(_unit, 0)) + bytes.Length > _buffer.Length)
            return false;
        _lastBytes = bytes.Length;
        bytes.CopyTo(_buffer.AsSpan(_buffer.Length - bytes.Length));
        return true;
    }
}
