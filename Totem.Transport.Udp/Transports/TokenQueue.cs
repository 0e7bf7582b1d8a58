namespace Totem.Transport.Udp.Transports;

/// <summary>
/// Tokens that wait outside the sockets: those to oneself on a ring of one, so that handling a frame never happens
/// inside handling another, and those that are read before or after the messages they came with. A token that does not
/// fit is lost, as in a socket's buffer.
/// </summary>
internal sealed class TokenQueue
{
    private const int CountMax = 16;

    /// <summary>Tokens with every request they can carry need 537 bytes, the commit token of a ring
    /// of one 69.</summary>
    private const int SlotBytes = 2048;

    private readonly byte[] _slots = new byte[CountMax * SlotBytes];
    private readonly int[] _lengths = new int[CountMax];
    private int _first;
    private int _count;

    public bool IsEmpty => _count == 0;

    public bool TryAdd(ReadOnlySpan<byte> frame)
    {
        if (_count == CountMax || frame.Length > SlotBytes)
            return false;
        var slot = (_first + _count) % CountMax;
        frame.CopyTo(_slots.AsSpan(slot * SlotBytes));
        _lengths[slot] = frame.Length;
        _count++;
        return true;
    }

    /// <summary>The oldest frame; its bytes stay until as many others were added as the queue has slots.</summary>
    public bool TryTake(out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (_count == 0)
            return false;
        frame = _slots.AsSpan(_first * SlotBytes, _lengths[_first]);
        _first = (_first + 1) % CountMax;
        _count--;
        return true;
    }
}
