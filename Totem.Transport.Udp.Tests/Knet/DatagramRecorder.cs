using System.Collections.Concurrent;

namespace Totem.Transport.Udp.Tests.Knet;

/// <summary>Writes down the datagrams that reach a member, as somebody on the network does, up to a limit.</summary>
internal sealed class DatagramRecorder
{
    private const int CountMax = 20_000;

    private readonly ConcurrentQueue<byte[]> _datagrams = new();
    private volatile bool _hasEnded;

    /// <summary>Writes nothing down any more.</summary>
    /// <returns>All that was written down.</returns>
    public byte[][] End()
    {
        _hasEnded = true;
        return [.. _datagrams];
    }

    /// <summary>The filter of the member's transport.</summary>
    public int Record(ReadOnlySpan<byte> datagram)
    {
        if (!_hasEnded && _datagrams.Count < CountMax && !datagram.IsEmpty)
            _datagrams.Enqueue(datagram.ToArray());
        return 1;
    }
}
