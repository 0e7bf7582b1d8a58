using System.Net;
using System.Net.Sockets;

namespace Totem.Tests.Transport;

/// <summary>Gives each test a range of loopback ports of its own.</summary>
internal static class Ports
{
    /// <summary>Below the ephemeral ports, so that no other socket takes one by chance.</summary>
    private const int First = 12_000;
    private const int Ranges = 1000;

    private static int _next = Environment.ProcessId % Ranges;

    /// <summary>The first of as many free ports as there are loopback slots, and the one below is free too.</summary>
    public static int TakeBase()
    {
        for (var tries = 0; tries < Ranges; tries++)
        {
            var port = First + (Interlocked.Increment(ref _next) % Ranges * (UdpTransportOptions.LoopbackSlotCount + 2))
                + 1;
            if (Enumerable.Range(port - 1, UdpTransportOptions.LoopbackSlotCount + 1).All(IsFree))
                return port;
        }

        throw new InvalidOperationException("no free range of ports");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
