using System.Buffers.Binary;
using Totem.Transport.Udp.Sockets;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>The kernel's words beside a datagram are read with as little trust as the datagram.</summary>
public sealed class ControlMessagesTests
{
    private static byte[] Message(int level, int type, int value, ulong? length = null)
    {
        var message = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(message, length ?? 20);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(8), level);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(12), type);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(16), value);
        return message;
    }

    private static (int SegmentBytes, uint Dropped) Read(byte[] control)
    {
        var (segment, dropped) = (-1, 99u);
        ControlMessages.Read(control, ref segment, ref dropped);
        return (segment, dropped);
    }

    [Fact]
    public void Both_numbers_are_read_in_either_order_and_among_others()
    {
        var (gro, overflow, other) = (Message(17, 104, 1400), Message(1, 40, 7), Message(0, 11, 5));

        Assert.Equal((1400, 7u), Read([.. gro, .. overflow]));
        Assert.Equal((1400, 7u), Read([.. overflow, .. other, .. gro]));
        Assert.Equal((-1, 7u), Read([.. overflow]));
        Assert.Equal((-1, 99u), Read([]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(49)]
    [InlineData(ulong.MaxValue)]
    public void A_length_that_cannot_be_ends_it(ulong length)
        => Assert.Equal(
            (-1, 7u), Read([.. Message(1, 40, 7), .. Message(17, 104, 1400, length), .. Message(17, 104, 9)]));

    [Fact]
    public void Any_bytes_end()
    {
        var random = new Random(5);
        for (var i = 0; i < 100_000; i++)
        {
            var control = new byte[random.Next(80)];
            random.NextBytes(control);
            // Small lengths, or nothing would ever follow the first message.
            for (var at = 0; at + 8 <= control.Length; at += 8)
            {
                if (random.Next(2) == 0)
                    BinaryPrimitives.WriteUInt64LittleEndian(control.AsSpan(at), (ulong)random.Next(40));
            }

            Read(control);
        }
    }
}
