using System.Buffers.Binary;
using Totem.Transport.Udp.Transports.Knet;

namespace Totem.Tests.Transport;

/// <summary>docs/design/knet.md: one field of a frame for one node names two processors.</summary>
public sealed class FrameTargetTests
{
    private const int Offset = 9;

    [Theory]
    [InlineData(0u, 2u, 2u)]
    [InlineData(7u, 2u, 65_543u)]
    [InlineData(65_535u, 65_535u, 131_071u)]
    public void A_target_of_the_ring_comes_back_and_a_daemon_sees_the_destination_where_there_is_none(
        uint written, uint destination, uint onTheWire)
    {
        var frame = Frame(written);
        FrameTarget.Mark(frame, new ProcessorId(destination));
        Assert.Equal(onTheWire, Target(frame));
        Assert.True(FrameTarget.IsMarked(frame));
        FrameTarget.Unmark(frame);
        Assert.Equal(written, Target(frame));
    }

    [Fact]
    public void A_frame_for_all_and_a_frame_without_the_field_stay_as_they_are()
    {
        Assert.False(FrameTarget.IsMarked(Frame(0)));
        var small = new byte[Offset + 3];
        Array.Fill(small, (byte)1);
        FrameTarget.Mark(small, new ProcessorId(5));
        Assert.False(FrameTarget.IsMarked(small));
        Assert.All(small, x => Assert.Equal(1, x));
    }

    private static byte[] Frame(uint target)
    {
        var frame = new byte[40];
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(Offset), target);
        return frame;
    }

    private static uint Target(byte[] frame) => BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(Offset));
}
