using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Captures;
using Xunit.Sdk;

namespace Totem.Tests.Fuzz;

/// <summary>Streams of real packets, every other one damaged, through the unpacker:
/// <see cref="FuzzSettings"/> says how many.</summary>
public sealed class PacketFuzzTests
{
    // Damaged packets are slower to take apart than other frames are to refuse: one for each ten of those.
    private const ulong Share = 10;
    private const int SourceCount = 5;
    private const int MaxMessageBytes = 64 * 1024;

    // A buffer that doubles until it holds the largest message leaves as much behind it; and a
    // little for each source's objects.
    private const long AllocatedBytesMax = SourceCount * (2 * MaxMessageBytes + 1024);

    [Fact]
    public void Damaged_packets_are_refused_or_unpacked_but_never_thrown_at_and_memory_is_bounded()
    {
        var stream = Stream();
        var mutator = new FrameMutator(stream, FuzzSettings.Seed);
        var unpacker = new Unpacker(MaxMessageBytes);
        var tally = new Tally();
        var count = Math.Max(1, FuzzSettings.FrameCount / Share);
        Unpack(new Unpacker(MaxMessageBytes), stream[0], new Tally()); // what is set up once is not a cost of a packet

        for (ulong number = 0; number < count; number++)
        {
            ReadOnlySpan<byte> frame = stream[(int)(number % (ulong)stream.Length)];
            if (number % 2 == 1)
                frame = mutator.Mutate(frame, number);
            try
            {
                Unpack(unpacker, frame, tally);
            }
            catch (Exception exception)
            {
                throw new XunitException(FuzzSettings.Replay(number, Share * (number + 1), frame), exception);
            }
        }

        Assert.InRange(tally.AllocatedBytes, 0, AllocatedBytesMax);
        if (count >= 10_000)
            tally.AssertEverythingHappened();
    }

    /// <summary>The messages of three real nodes with one of 100000 bytes from each of two, and
    /// small and cut ones between.</summary>
    private static byte[][] Stream() =>
    [
        .. Capture.Named("udp-b-cpg").File.Datagrams.Concat(Capture.Named("udp-h-recovery").File.Datagrams)
            .Select(x => x.Payload).Where(x => x[3] == (byte)FrameKind.RegularMessage),
    ];

    private static void Unpack(Unpacker unpacker, ReadOnlySpan<byte> frame, Tally tally)
    {
        if (RegularMessage.TryRead(frame, out var header) != DecodeResult.Ok)
            return;
        var packet = frame[WireFormat.RegularMessageHeaderBytes..];
        var source = new ProcessorId(1 + header.System.Value % SourceCount);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var opened = unpacker.TryOpen(source, packet, header.Header.Swapped);
        tally.AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
        if (!opened)
        {
            tally.Refused++;
            return;
        }

        for (var last = -1; TryNext(unpacker, packet, tally, out var message, out var index); last = index)
        {
            Assert.InRange(index, last + 1, packet.Length / 2);
            Assert.InRange(message.Length, 0, MaxMessageBytes);
            tally.Unpacked++;
            tally.Reassembled += message.Length > packet.Length ? 1 : 0;
            if (MessageAddress.Strip(message, header.Header.Swapped, out var payload) != MessageChannel.None)
                Assert.InRange(payload.Length, 0, message.Length);
        }

        tally.Discarded += unpacker.Discarded is null ? 0 : 1;
    }

    private static bool TryNext(
        Unpacker unpacker, ReadOnlySpan<byte> packet, Tally tally, out ReadOnlySpan<byte> message, out int index)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = unpacker.TryNext(packet, out message, out index);
        tally.AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
        return found;
    }

    private sealed class Tally
    {
        public long AllocatedBytes { get; set; }

        public int Refused { get; set; }

        public int Unpacked { get; set; }

        public int Reassembled { get; set; }

        public int Discarded { get; set; }

        public void AssertEverythingHappened()
        {
            Assert.NotEqual(0, Refused);
            Assert.NotEqual(0, Unpacked);
            Assert.NotEqual(0, Reassembled);
            Assert.NotEqual(0, Discarded);
        }
    }
}
