using System.Net;
using System.Net.Sockets;

namespace Totem.Transport.Udp.Tests.Knet;

/// <summary>A process that means no good: it has sockets at the addresses of members, with ports of its own, because
/// kronosnet does not compare ports.</summary>
internal sealed class HostileSender : IDisposable
{
    private readonly Socket[] _sockets;
    private readonly int _port;

    /// <param name="ring">The victims.</param>
    /// <param name="disguises">The members whose addresses it sends from.</param>
    /// <param name="network">On which network.</param>
    public HostileSender(KnetRing ring, uint[] disguises, int network = 0)
    {
        _port = ring.Port;
        _sockets = [.. disguises.Select(x =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(KnetRing.AddressOf(x, network), 0));
            return socket;
        })];
    }

    /// <summary>Sends as one of its disguises. A report of an earlier datagram is nobody's business.</summary>
    public void Send(int disguise, IPAddress victim, ReadOnlySpan<byte> datagram)
    {
        try
        {
            _sockets[disguise].SendTo(datagram, new IPEndPoint(victim, _port));
        }
        catch (SocketException)
        {
            // The victim's buffer is full, or it says that nobody listens.
        }
    }

    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
    }
}
