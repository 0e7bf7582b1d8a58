using System.Net;
using System.Net.Sockets;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Sockets;

/// <summary><see cref="Socket"/>'s <c>Select</c> over the sockets and one that sends to itself. Its resolution is a
/// millisecond, rounded up so that it never spins.</summary>
internal sealed class PortablePoller : IPoller
{
    private static readonly byte[] OneByte = [1];

    private Socket[] _sockets = [];
    private readonly Socket _wake;
    private readonly List<Socket> _readable = [];
    private readonly byte[] _buffer = new byte[64];

    public PortablePoller(ReadOnlySpan<Socket> sockets)
    {
        _wake = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _wake.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _wake.Connect(_wake.LocalEndPoint!);
        _wake.Blocking = false;
        _sockets = [.. sockets, _wake];
    }

    public void Use(ReadOnlySpan<Socket> descriptors, IDatagramSocket[] sockets, NeighbourWatch? watch) =>
        _sockets = [.. descriptors, _wake];

    public PollReports Wait(TimeSpan? timeout)
    {
        _readable.Clear();
        _readable.AddRange(_sockets);
        var milliseconds = Math.Ceiling(Math.Max(0, timeout.GetValueOrDefault().TotalMilliseconds));
        // -1 microseconds waits for ever; what does not fit into 32 bits is cut into pieces by the caller's loop.
        var limit = timeout is null ? -1 : (int)Math.Min(milliseconds * 1000, int.MaxValue / 2);
        Socket.Select(_readable, null, null, limit);
        while (_wake.Poll(0, SelectMode.SelectRead))
        {
            _wake.Receive(_buffer, SocketFlags.None, out var error);
            if (error != SocketError.Success)
                break;
        }

        return PollReports.RefusedPort;
    }

    public void Wake()
    {
        try
        {
            _wake.Send(OneByte, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // The ring has stopped: there is nobody to wake.
        }
    }

    public void Dispose() => _wake.Dispose();
}
