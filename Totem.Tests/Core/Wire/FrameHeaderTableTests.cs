using Totem.Core.Wire;

namespace Totem.Tests.Core.Wire;

/// <summary>Every header there can be, as far as its fields decide anything.</summary>
public sealed class FrameHeaderTableTests
{
    private const byte LastKind = (byte)FrameKind.TokenLoan;
    private const byte LastEncapsulation = (byte)Encapsulation.Regular;

    [Fact]
    public void Every_kind_with_every_encapsulation_is_read_or_refused_as_the_wire_says()
    {
        var accepted = 0;
        for (var kind = 0; kind <= byte.MaxValue; kind++)
        {
            for (var encapsulation = 0; encapsulation <= byte.MaxValue; encapsulation++)
            {
                var frame = Frame((byte)kind, (byte)encapsulation);
                // A multicast says what it carries; in the other kinds the byte means nothing, but must be a known one.
                var known = kind <= LastKind && encapsulation <= LastEncapsulation
                    && (kind != (byte)FrameKind.RegularMessage || encapsulation != (byte)Encapsulation.None);

                var result = FrameHeader.TryRead(frame, out var header);

                Assert.Equal(known ? DecodeResult.Ok : DecodeResult.UnknownKind, result);
                if (!known)
                    continue;
                accepted++;
                Assert.Equal(
                    new FrameHeader((FrameKind)kind, (Encapsulation)encapsulation, new ProcessorId(0x0403_0201),
                        0x0807_0605), header);
            }
        }

        Assert.Equal((LastKind + 1) * (LastEncapsulation + 1) - 1, accepted);
    }

    [Fact]
    public void Of_all_versions_only_the_third_is_read()
    {
        for (var version = 0; version <= byte.MaxValue; version++)
        {
            var frame = Frame((byte)FrameKind.HoldCancel, 0);
            frame[2] = (byte)version;
            Assert.Equal(
                version == 3 ? DecodeResult.Ok : DecodeResult.UnknownVersion, FrameHeader.TryRead(frame, out _));
        }
    }

    [Fact]
    public void Of_all_magics_only_the_two_byte_orders_of_ours_are_read()
    {
        var accepted = new List<(byte, byte, bool)>();
        for (var magic = 0; magic <= ushort.MaxValue; magic++)
        {
            var frame = Frame((byte)FrameKind.HoldCancel, 0);
            (frame[0], frame[1]) = ((byte)magic, (byte)(magic >> 8));
            var result = FrameHeader.TryRead(frame, out var header);
            if (result == DecodeResult.Ok)
                accepted.Add((frame[0], frame[1], header.Swapped));
            else
                Assert.Equal(DecodeResult.BadMagic, result);
        }

        Assert.Equal([((byte)0x70, (byte)0xC0, false), ((byte)0xC0, (byte)0x70, true)],
            accepted.OrderBy(x => x.Item3).ToArray());
    }

    [Fact]
    public void A_big_endian_header_is_read_in_its_own_order()
    {
        var frame = Frame((byte)FrameKind.HoldCancel, 0);
        (frame[0], frame[1]) = (0xC0, 0x70);

        Assert.Equal(DecodeResult.Ok, FrameHeader.TryRead(frame, out var header));
        Assert.Equal(new FrameHeader(FrameKind.HoldCancel, Encapsulation.None, new ProcessorId(0x0102_0304),
            0x0506_0708, Swapped: true), header);
    }

    [Theory]
    [InlineData(FrameKind.RegularToken, 57)]
    [InlineData(FrameKind.RegularMessage, 45)]
    [InlineData(FrameKind.MergeDetect, 29)]
    [InlineData(FrameKind.Join, 33)]
    [InlineData(FrameKind.CommitToken, 41)]
    [InlineData(FrameKind.HoldCancel, 25)]
    [InlineData(FrameKind.TokenLoan, 43)]
    public void A_kind_has_a_least_length(FrameKind kind, int leastBytes)
    {
        var frame = Frame(
            (byte)kind, (byte)(kind == FrameKind.RegularMessage ? Encapsulation.Regular : Encapsulation.None));

        for (var length = 0; length <= frame.Length; length++)
            Assert.Equal(length < leastBytes ? DecodeResult.TooShort : DecodeResult.Ok,
                FrameHeader.TryRead(frame.AsSpan(0, length), out _));
    }

    [Fact]
    public void A_frame_longer_than_any_transport_carries_is_refused()
    {
        var frame = new byte[WireFormat.MaxFrameBytes + 1];
        Frame((byte)FrameKind.RegularMessage, (byte)Encapsulation.Regular).CopyTo(frame, 0);

        Assert.Equal(DecodeResult.Ok, FrameHeader.TryRead(frame.AsSpan(0, WireFormat.MaxFrameBytes), out _));
        Assert.Equal(DecodeResult.TooLong, FrameHeader.TryRead(frame, out _));
    }

    /// <summary>A frame of 100 bytes: longer than the least length of every kind.</summary>
    private static byte[] Frame(byte kind, byte encapsulation)
    {
        var frame = new byte[100];
        byte[] header = [0x70, 0xC0, 3, kind, encapsulation, 1, 2, 3, 4, 5, 6, 7, 8];
        header.CopyTo(frame, 0);
        return frame;
    }
}
