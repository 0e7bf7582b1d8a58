using Totem.Core.Diagnostics;

namespace Totem.Core.Packing;

/// <summary>A message of one sender that is still coming in pieces. The buffer doubles, so that each byte is copied at
/// most twice; it is kept for the next message.</summary>
internal sealed class Reassembly(int bytesMax)
{
    private byte[] _buffer = [];

    /// <summary>The continuation number the sender's next packet must carry; 0 when no message is open.</summary>
    public byte Expected { get; private set; }

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Message => _buffer.AsSpan(0, Length);

    /// <summary>Adds a piece. False when the message would grow over the limit; it is then forgotten.</summary>
    public bool TryAppend(ReadOnlySpan<byte> piece)
    {
        if (Length + piece.Length > bytesMax)
        {
            Reset();
            return false;
        }

        if (Length + piece.Length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Min(bytesMax, Math.Max(2 * _buffer.Length, Length + piece.Length)));
        piece.CopyTo(_buffer.AsSpan(Length));
        Length += piece.Length;
        Invariant.That(Length <= bytesMax, "a message in pieces is no longer than its limit");
        return true;
    }

    /// <summary>The packet ended inside the message.</summary>
    public void ContinueAs(byte fragment)
    {
        Invariant.That(fragment != 0, "a message that is cut goes on under a number");
        Expected = fragment;
    }

    public void Reset() => (Expected, Length) = (0, 0);
}
