using Totem.Platform.Programs;
using Xunit;

namespace Totem.Tests.Transport;

public sealed class RecordRingTests
{
    [Fact]
    public void Records_of_every_size_come_back_in_order_across_the_ends_of_pieces()
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
    public void Nothing_is_taken_for_what_may_wait()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var rings = new RecordRing<long>[4096];
        for (var i = 0; i < rings.Length; i++)
        {
            rings[i] = new RecordRing<long>(2 << 20);
            rings[i].Write(i, new byte[16]);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096 * 1400);
        GC.KeepAlive(rings);
    }

    [Fact]
    public void A_full_stream_takes_elements_that_must_not_wait()
    {
        var ring = new RecordRing<int>(1024);
        var count = 0;
        while (ring.TryWrite(count, new byte[100]))
            count++;
        ring.Write(count++, new byte[5000]);
        Assert.False(ring.HasRoom(0));
        for (var i = 0; i < count; i++)
        {
            Assert.True(ring.TryPeek(out var header, out _));
            Assert.Equal(i, header);
            ring.Advance();
        }

        Assert.True(ring.IsEmpty);
        Assert.True(ring.HasRoom(900));
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

    [Fact]
    public async Task Pieces_that_the_reader_gives_back_are_the_writers_alone()
    {
        // Each record has a piece of its own, and several wait: so pieces go back while the writer takes others.
        const int count = 300_000;
        var ring = new RecordRing<int>(1 << 20);
        var payload = new byte[33_000];
        var writer = Task.Run(() =>
        {
            for (var i = 0; i < count; i++)
            {
                payload[0] = payload[^1] = (byte)i;
                while (!ring.TryWrite(i, payload))
                    Thread.Yield();
            }
        });

        for (var i = 0; i < count; i++)
        {
            while (ring.IsEmpty && !writer.IsFaulted)
                Thread.Yield();
            if (writer.IsFaulted)
                await writer;
            TakeOne(ring, i, payload.Length);
        }

        await writer;
    }

    private static void TakeOne(RecordRing<int> ring, int number, int length)
    {
        Assert.True(ring.TryPeek(out var header, out var bytes));
        Assert.Equal((number, length, (byte)number, (byte)number), (header, bytes.Length, bytes[0], bytes[^1]));
        ring.Advance();
    }

    private static bool Enqueue(Queue<(long, byte[])> queue, long header, byte[] payload)
    {
        queue.Enqueue((header, payload));
        return true;
    }
}
