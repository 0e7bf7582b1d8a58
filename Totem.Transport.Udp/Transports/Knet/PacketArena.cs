using Totem.Core.Time;
using Totem.Transport.Knet;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Wire;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>
/// Where sealed packets lie until the system has them. A run is sealed once, and named in the batch of every link that
/// it takes, with all its destinations there.
/// </summary>
internal sealed class PacketArena(NodeCounters counters)
{
    /// <summary>Room for about as much as a batch of frames in clear has.</summary>
    private const int FreeBytes = 8 * 65_536;

    private readonly int[] _indexes = new int[ProcessorSet.MaxCount];
    private LinkSocket[] _links = [];
    private int _used;

    /// <summary>The memory of all batches.</summary>
    public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(
        FreeBytes + KnetMachine.BurstBytesMax, pinned: true);

    /// <summary>From now on packets leave by these.</summary>
    public void Use(LinkSocket[] links) => _links = links;

    /// <summary>Takes everything that the machine has to send. A full batch is handed to the system.</summary>
    public void Gather(KnetMachine machine, Instant now)
    {
        while (machine.HasOutput)
        {
            if (!HasRoom)
                Flush(machine, now);
            if (!machine.TryTransmit(Bytes.AsSpan(_used), out var burst))
                return;
            Place(machine, in burst, now);
            // A probe leaves as one datagram that nobody cuts or puts together.
            if (burst.IsProbe)
                Flush(machine, now);
        }
    }

    /// <summary>Hands the system everything that waits, and the machine what the system refused for its size.</summary>
    public void Flush(KnetMachine machine, Instant now)
    {
        foreach (var link in _links)
            link.Flush(counters);
        _used = 0;
        foreach (var link in _links)
        {
            while (link.Socket.TryTakeTooBig(out var index, out var bytes, out var interfaceBytes))
            {
                var destination = new LinkDestination((ushort)link.Peers.All[index].Id.Value, link.Number);
                machine.HandleTooBig(destination, link.IpBytes(bytes), interfaceBytes, now);
            }
        }
    }

    private bool HasRoom
    {
        get
        {
            if (_used > FreeBytes)
                return false;
            foreach (var link in _links)
            {
                if (!link.Batch.HasRoomFor(KnetFormat.FragmentCountMax, link.Peers.All.Length))
                    return false;
            }

            return true;
        }
    }

    private void Place(KnetMachine machine, in KnetBurst burst, Instant now)
    {
        foreach (var link in _links)
        {
            var count = 0;
            foreach (var destination in machine.Destinations)
            {
                if (destination.Link == link.Number
                    && link.Peers.IndexOf(new ProcessorId(destination.Peer)) is >= 0 and var index)
                    _indexes[count++] = index;
            }

            if (count > 0)
                link.Add(_used, burst.PacketBytes, burst.TotalBytes, _indexes.AsSpan(0, count), now);
        }

        _used += burst.TotalBytes;
    }
}
