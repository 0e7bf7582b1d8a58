using Totem.Transport.Udp.Internal;
using Xunit;

namespace Totem.Tests.Transport;

public sealed class RecordRingTests
{
    [Fact]
    public void Records_of_every_size_come_back_in_order_across_the_end_of_the_array()
    {
        var ring = new RecordRing<long>(1024);
        var random = new Random(5);
        var waiting = new Queue<(long Header, byte[] Payload)>();
        for (long i = 0; i < 20_000; i++)
        {
            var payload = new byte[random.Next(0, 400)];
            random.NextBytes(payload);
            Assert.Equal(ring.HasRoom(payload.Length), ring.TryWrite(i, payload) && Enqueue(waiting, i, payload));
            while (random.Next(3) == 0 && waiting.TryDequeue(out var expected))
            {
                Assert.True(ring.TryPeek(out var header, out var bytes));
                Assert.Equal(expected.Header, header);
                Assert.Equal(expected.Payload, bytes.ToArray());
                ring.Advance();
            }

            Assert.Equal(waiting.Count == 0, ring.IsEmpty);
        }
    }

    [Fact]
    public void An_empty_ring_takes_half_its_size_wherever_it_stands()
    {
        var ring = new RecordRing<int>(1024);
        for (var i = 0; i < 200; i++)
        {
            Assert.True(ring.TryWrite(i, new byte[i % 90]));
            Assert.True(ring.TryPeek(out _, out _));
            ring.Advance();

            Assert.True(ring.HasRoom(512 - RecordRing<int>.RecordBytes(0)));
        }
    }

    [Fact]
    public void A_writer_and_a_reader_need_no_lock()
    {
        const int count = 200_000;
        var ring = new RecordRing<int>(4096);
        var writer = new Thread(() =>
        {
            Span<byte> payload = stackalloc byte[100];
            for (var i = 0; i < count; i++)
            {
                payload.Fill((byte)i);
                while (!ring.TryWrite(i, payload[..(i % 100)]))
                    Thread.Yield();
            }
        });
        writer.Start();

        for (var i = 0; i < count; i++)
        {
            while (!ring.TryPeek(out _, out _))
                Thread.Yield();
            ring.TryPeek(out var header, out var payload);
            Assert.Equal((i, i % 100), (header, payload.Length));
            Assert.True(payload.IndexOfAnyExcept((byte)i) < 0);
            ring.Advance();
        }

        writer.Join();
    }

    private static bool Enqueue(Queue<(long, byte[])> queue, long header, byte[] payload)
    {
        queue.Enqueue((header, payload));
        return true;
    }
}
