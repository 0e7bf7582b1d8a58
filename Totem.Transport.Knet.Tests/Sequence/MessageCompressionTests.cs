using Totem.Simulation.Model;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Tests.Captures;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Tests.Sequence;

public sealed class MessageCompressionTests
{
    private readonly MessageCompression _compression = new();

    [Theory]
    [InlineData(101, 0)]
    [InlineData(1000, 1)]
    [InlineData(65_536, 9)]
    public void What_is_compressed_comes_back(int bytes, int level)
    {
        var message = new byte[bytes];
        for (var i = 0; i < bytes; i++)
            message[i] = (byte)(i % 50);
        Assert.True(_compression.TryCompress(message, level, out var compressed));
        Assert.True(compressed.Length < bytes);
        Assert.True(_compression.TryDecompress(compressed.ToArray(), out var again));
        Assert.Equal(message, again.ToArray());
    }

    [Fact]
    public void What_would_grow_is_left_alone()
    {
        var random = new SimulationRandom(1);
        foreach (var bytes in (int[])[1, 100, 1400, 65_536])
        {
            var message = new byte[bytes];
            for (var i = 0; i < bytes; i++)
                message[i] = (byte)random.Below(256);
            Assert.False(_compression.TryCompress(message, 1, out _));
        }
    }

    /// <summary>Each message that a real ring compressed becomes as long as the independent decoder says.</summary>
    [Fact]
    public void Messages_of_a_real_ring_decompress()
    {
        var capture = KnetCapture.Named("h-compress-zlib");
        var expected = capture.Lines.Where(x => x.Kind == "zlib").ToDictionary(x => x.Frame, x => x.Fields);
        var decompressed = 0;
        foreach (var packet in capture.Packets)
        {
            if (DataHeader.TryRead(packet.Payload, out var data, out var payload) != KnetDecode.Ok
                || data.Compression != (byte)CompressionMethod.Zlib || data.IsFragment)
                continue;
            Assert.True(_compression.TryDecompress(payload, out var message));
            Assert.Equal(expected[packet.Frame], $"{payload.Length} -> {message.Length}");
            decompressed++;
        }

        Assert.True(decompressed > 10, $"{decompressed} messages");
    }

    [Fact]
    public void A_small_packet_does_not_become_more_than_a_message()
    {
        using var target = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(
            target, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true))
            zlib.Write(new byte[65_537]);
        Assert.False(_compression.TryDecompress(target.ToArray(), out _));
    }

    [Fact]
    public void What_is_no_stream_is_refused()
    {
        var random = new SimulationRandom(2);
        Assert.True(_compression.TryCompress(new byte[5000], 1, out var good));
        var bytes = good.ToArray();
        for (var i = 0; i < 2000; i++)
        {
            var copy = bytes.ToArray();
            copy[random.Below(copy.Length)] ^= (byte)(1 << random.Below(8));
            if (_compression.TryDecompress(copy.AsSpan(0, random.Below(copy.Length + 1)), out var message))
                Assert.InRange(message.Length, 1, KnetFormat.MessageBytesMax);
        }
    }
}
