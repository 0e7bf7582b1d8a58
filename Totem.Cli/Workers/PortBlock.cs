using System.Net;
using System.Net.Sockets;
using Totem.CommandLine;

namespace Totem.Cli.Workers;

/// <summary>
/// A block of UDP ports on the loopback address that nobody uses, for as long as this object lives: its last port stays
/// bound here as a lease, so two runs at a time never choose the same block.
/// </summary>
internal sealed class PortBlock : IDisposable
{
    /// <summary>Ports in a block: fourteen slots, one to spare, and the lease.</summary>
    public const int Size = 16;

    private const int FirstPort = 20_000;
    private const int BlockCount = 700; // To 31199: below Linux's ephemeral ports, which begin at 32768.
    private const int AttemptsMax = 100;

    private readonly Socket _lease;

    private PortBlock(int firstPort, Socket lease)
    {
        BasePort = firstPort;
        _lease = lease;
    }

    /// <summary>The first port of the block.</summary>
    public int BasePort { get; }

    /// <summary>Takes a free block.</summary>
    /// <exception cref="CommandFailedException">None of a hundred blocks was free.</exception>
    public static PortBlock Take()
    {
        for (var attempt = 0; attempt < AttemptsMax; attempt++)
        {
            var first = FirstPort + Random.Shared.Next(BlockCount) * Size;
            if (TryBind(first + Size - 1) is not { } lease)
                continue;
            if (Enumerable.Range(first, Size - 1).All(IsFree))
                return new PortBlock(first, lease);
            lease.Dispose();
        }

        throw new CommandFailedException(
            ExitCode.Environment,
            $"no {Size} free UDP ports in a row were found on 127.0.0.1 from {FirstPort} up; use --port to name one");
    }

    private static bool IsFree(int port)
    {
        using var socket = TryBind(port);
        return socket is not null;
    }

    private static Socket? TryBind(int port)
    {
        var socket =
            new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ExclusiveAddressUse = true };
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _lease.Dispose();
}
