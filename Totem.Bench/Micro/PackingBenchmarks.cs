using BenchmarkDotNet.Attributes;
using Totem.Core.Ordering;
using Totem.Core.Packing;

namespace Totem.Bench.Micro;

/// <summary>Messages into packets of an ordinary network and out again, per message.</summary>
public class PackingBenchmarks
{
    private const int Batch = 64;
    private const int NetMtu = 1500;
    private const int MaxMessageBytes = 1 << 20;

    private readonly SendQueue _queue = new(8 << 20, 1024, new AddressOnly());
    private readonly Packer _packer = new(NetMtu);
    private readonly Unpacker _unpacker = new(MaxMessageBytes);
    private readonly List<byte[]> _packets = [];
    private byte[] _message = [];
    private byte[] _packet = [];

    /// <summary>The length of a message.</summary>
    [Params(64, 1350, 65536)]
    public int Size { get; set; }

    /// <summary>Packets for the reader.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _message = new byte[Size];
        _packet = new byte[_packer.PacketBytesMax];
        Fill();
        while (_queue.Count > 0)
            _packets.Add(_packet.AsSpan(0, _packer.Pack(_queue, _packet).Bytes).ToArray());
    }

    /// <summary>Queued, and copied into packets.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public void Pack()
    {
        Fill();
        while (_queue.Count > 0)
            _packer.Pack(_queue, _packet);
    }

    /// <summary>Found in packets, and put together where it was cut.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public int Unpack()
    {
        var bytes = 0;
        foreach (var packet in _packets)
        {
            _unpacker.TryOpen(new ProcessorId(3), packet, swapped: false);
            while (_unpacker.TryNext(packet, out var message, out _))
                bytes += message.Length;
        }

        return bytes;
    }

    private void Fill()
    {
        for (var i = 0; i < Batch; i++)
            _queue.TryEnqueue(new Envelope(MessageChannel.Ring), _message, Guarantee.Agreed);
    }
}
