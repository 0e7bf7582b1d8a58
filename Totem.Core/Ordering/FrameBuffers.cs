using Totem.Core.Diagnostics;

namespace Totem.Core.Ordering;

/// <summary>
/// The buffers frames live in, in three sizes. A returned buffer is kept and rented again, so that a ring in steady
/// state allocates nothing; the windows that rent bound how many are out at a time.
/// </summary>
internal sealed class FrameBuffers
{
    private const int SmallBytes = 2048;
    private const int MediumBytes = 10 * 1024;
    private const int LargeBytes = 66 * 1024;

    // Room for what a busy ring has out at a time, so that the stacks themselves need not grow under way.
    private readonly Stack<byte[]> _small = new(256);
    private readonly Stack<byte[]> _medium = new(64);
    private readonly Stack<byte[]> _large = new(16);

    private int _rentedCount;

    /// <summary>A buffer of at least that many bytes. Its content is whatever was there.</summary>
    public byte[] Rent(int bytes)
    {
        Invariant.That(bytes is >= 0 and <= LargeBytes, "no frame is larger than the largest buffer");
        _rentedCount++;
        var (stack, size) = bytes <= SmallBytes ? (_small, SmallBytes)
            : bytes <= MediumBytes ? (_medium, MediumBytes)
            : (_large, LargeBytes);
        return stack.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(size);
    }

    public void Return(byte[] buffer)
    {
        Invariant.That(
            buffer.Length is SmallBytes or MediumBytes or LargeBytes, "only a buffer that was rented is given back");
        _rentedCount--;
        Invariant.That(_rentedCount >= 0, "no more buffers are given back than were rented");
        var stack = buffer.Length == SmallBytes ? _small : buffer.Length == MediumBytes ? _medium : _large;
        stack.Push(buffer);
    }
}
