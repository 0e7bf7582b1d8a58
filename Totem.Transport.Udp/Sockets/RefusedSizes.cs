namespace Totem.Transport.Udp.Sockets;

/// <summary>Datagrams that the system did not send because they are larger than the interface takes
/// and may not be fragmented.</summary>
internal sealed class RefusedSizes
{
    /// <summary>Those of one batch; what they say is the same for all of a destination.</summary>
    private const int CountMax = 64;

    private readonly (int Destination, int Bytes)[] _refused = new (int, int)[CountMax];
    private int _count;

    /// <summary>How many there were since the start.</summary>
    public long Total { get; private set; }

    public void Add(int destination, int bytes)
    {
        Total++;
        if (_count < CountMax)
            _refused[_count++] = (destination, bytes);
    }

    /// <summary>Takes one of them.</summary>
    public bool TryTake(out int destination, out int bytes)
    {
        (destination, bytes) = _count > 0 ? _refused[--_count] : default;
        return bytes > 0;
    }
}
