using System.Buffers.Binary;
using System.Text;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// The content of a session's mark: how far it has read, and its node. It is made with the session's first entry and
/// taken away with the entry that says that the session is gone, so there is one such entry and nothing of the session
/// behind it.
/// </summary>
/// <param name="Position">The number of the entry that it reads next; sheep's own layout begins with it, too.</param>
/// <param name="Node">Its node string.</param>
internal readonly record struct SessionMark(uint Position, string Node)
{
    public byte[] Encode()
    {
        var bytes = new byte[sizeof(uint) + Encoding.UTF8.GetByteCount(Node)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Position);
        Encoding.UTF8.GetBytes(Node, bytes.AsSpan(sizeof(uint)));
        return bytes;
    }

    public static SessionMark Decode(ReadOnlySpan<byte> bytes) => bytes.Length < sizeof(uint)
        ? new SessionMark(0, "")
        : new SessionMark(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes), Encoding.UTF8.GetString(bytes[sizeof(uint)..]));
}
