using System.Buffers.Binary;

namespace Totem.Transport.Udp.Inquiry;

/// <summary>
/// "Who is in which group?", a datagram to a member's port by somebody who is not on the ring, so that looking changes
/// nothing. It is no frame: its first bytes are not the wire's magic in either order. It is as long as the header of an
/// answer, and only configured addresses are answered.
/// </summary>
/// <param name="Nonce">Comes back in the answer.</param>
/// <param name="First">Which entry the answer begins with.</param>
internal readonly record struct GroupQuestion(ulong Nonce, uint First)
{
    /// <summary>The length of a question.</summary>
    public const int Bytes = GroupAnswer.HeaderBytes;

    private const byte Version = 1;

    public static bool TryRead(ReadOnlySpan<byte> datagram, out GroupQuestion question)
    {
        question = default;
        if (datagram is not [(byte)'T', (byte)'Q', Version, ..] || datagram.Length != Bytes)
            return false;
        question = new GroupQuestion(BinaryPrimitives.ReadUInt64LittleEndian(datagram[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(datagram[12..]));
        return true;
    }

    public byte[] ToBytes()
    {
        var datagram = new byte[Bytes];
        (datagram[0], datagram[1], datagram[2]) = ((byte)'T', (byte)'Q', Version);
        BinaryPrimitives.WriteUInt64LittleEndian(datagram.AsSpan(4), Nonce);
        BinaryPrimitives.WriteUInt32LittleEndian(datagram.AsSpan(12), First);
        return datagram;
    }
}
