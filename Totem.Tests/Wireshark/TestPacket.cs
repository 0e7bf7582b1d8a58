using System.Buffers.Binary;
using System.Text;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Core.Wire;

namespace Totem.Tests.Wireshark;

/// <summary>A multicast of one sender with the pieces a test wants in it, in either byte order.</summary>
internal sealed record TestPacket(uint Sender, uint Seq, uint Origin, params byte[][] Pieces)
{
    public RingId Ring { get; init; } = new(new ProcessorId(1), 20);

    public byte Fragment { get; init; }

    public byte Continuation { get; init; }

    public uint Guarantee { get; init; }

    public bool BigEndian { get; init; }

    public byte[] Encode()
    {
        var frame = new MessageFrame(
            new RegularMessage(
                new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, new ProcessorId(Sender)),
                new ProcessorId(Sender), new Seq(Seq), Origin, Ring, 0, Guarantee),
            Payload()).Encode();
        return BigEndian ? FrameLayout.ToBigEndian(frame) : frame;
    }

    /// <summary>The message as another sends it on in recovery: byte for byte what was received.</summary>
    public static byte[] Encapsulate(byte[] inner, RingId newRing, uint sender, uint seq) => new MessageFrame(
        new RegularMessage(
            new FrameHeader(FrameKind.RegularMessage, Encapsulation.Encapsulated, new ProcessorId(sender)),
            new ProcessorId(sender), new Seq(seq), 1000 + seq, newRing, 0, 0),
        inner).Encode();

    /// <summary>Bytes for the members of a group.</summary>
    public static byte[] ForGroup(string group, ReadOnlySpan<byte> content, bool bigEndian = false) =>
        [.. U16(1, bigEndian), .. U16((ushort)group.Length, bigEndian), .. Encoding.ASCII.GetBytes(group), .. content];

    /// <summary>A message of a service: its header, then the body.</summary>
    public static byte[] ForService(
        string group, uint id, ReadOnlySpan<byte> body, bool bigEndian = false, int? announced = null)
    {
        var size = U32((uint)(announced ?? 16 + body.Length), bigEndian);
        return ForGroup(group, [.. U32(id, bigEndian), .. new byte[4], .. size, .. new byte[4], .. body], bigEndian);
    }

    /// <summary>The 136 bytes of a name.</summary>
    public static byte[] Name(string name, bool bigEndian = false, uint? announced = null) =>
        [.. U32(announced ?? (uint)name.Length, bigEndian), .. new byte[4],
            .. Encoding.ASCII.GetBytes(name.PadRight(128, '\0'))];

    public static byte[] U16(ushort value, bool bigEndian = false) =>
        BitConverter.GetBytes(bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);

    public static byte[] U32(uint value, bool bigEndian = false) =>
        BitConverter.GetBytes(bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);

    private byte[] Payload() =>
    [
        0, 0, 0, 0, Fragment, Continuation, .. U16((ushort)Pieces.Length, BigEndian),
        .. Pieces.SelectMany(x => U16((ushort)x.Length, BigEndian)), .. Pieces.SelectMany(x => x),
    ];
}
