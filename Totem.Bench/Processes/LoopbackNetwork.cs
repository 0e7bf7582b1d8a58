using System.Net;
using System.Net.Sockets;
using Totem.CommandLine;

namespace Totem.Bench.Processes;

/// <summary>The loopback interface: needs no rights, and knows no multicast.</summary>
internal sealed class LoopbackNetwork : IBenchNetwork
{
    private const int BlockSize = 16; // Fourteen slots, rounded up.
    private const int FirstPort = 20_000;
    private const int BlockCount = 700; // To 31199: below Linux's ephemeral ports, which begin at 32768.

    /// <inheritdoc />
    public string Name => BenchNetworks.Loopback;

    /// <inheritdoc />
    public IReadOnlyList<string> WrapperOf(uint node) => [];

    /// <inheritdoc />
    public IReadOnlyList<string> Addresses => [];

    /// <inheritdoc />
    public int Port { get; } = FindFreeBlock();

    private static int FindFreeBlock()
    {
        for (var attempt = 0; attempt < BlockCount; attempt++)
        {
            var first = FirstPort + (Environment.ProcessId + attempt) % BlockCount * BlockSize;
            if (Enumerable.Range(first, BlockSize).All(IsFree))
                return first;
        }

        throw new CommandFailedException(
            ExitCode.Environment, $"no {BlockSize} free UDP ports in a row on 127.0.0.1 from {FirstPort} up");
    }

    private static bool IsFree(int port)
    {
        using var socket =
            new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ExclusiveAddressUse = true };
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        // The ports are free as soon as the processes have ended.
    }
}
