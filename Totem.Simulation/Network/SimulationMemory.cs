using Totem.Core.Wire;
using Totem.Simulation.Model;
using Totem.Transport.Knet;

namespace Totem.Simulation.Network;

/// <summary>Memory that one simulation after another can use again on one thread: buffers and the event heap.</summary>
internal sealed class SimulationMemory
{
    private byte[]? _packets;

    public EventQueue Queue { get; } = new();

    public DatagramPool Datagrams { get; } = new();

    /// <summary>Where processors write the frame they send.</summary>
    public byte[] Frame { get; } = new byte[WireFormat.MaxFrameBytes];

    /// <summary>Where kronosnet writes the packets it sends.</summary>
    public byte[] Packets => _packets ??= new byte[KnetMachine.BurstBytesMax];

    /// <summary>Where payloads are made up.</summary>
    public byte[] Payload { get; } = new byte[RingOptions.MaxMessageBytes];

    public void Reset()
    {
        Queue.Clear();
        Datagrams.Reset();
    }
}
