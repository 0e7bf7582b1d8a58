using System.Buffers.Binary;

namespace Totem.Core.Groups;

/// <summary>
/// Group messages among ourselves: a byte that says what it is, and a number for (group, process) that the sender
/// announced when it joined and repeats whenever members synchronise. Numbers below 128 take one byte, others two or
/// three.
/// </summary>
/// <remarks>EXT §4 has the layout.</remarks>
internal static class CompactEncoding
{
    private const int StateEntryBytesMin = 2 + 4 + 1 + 1;

    public static int TagBytes(ushort tag) => tag < 0x80 ? 1 : tag < 0x4000 ? 2 : 3;

    public static int BytesOf(GroupMessageKind kind, GroupMembership member) => 1 + TagBytes(member.Tag) + kind switch
    {
        GroupMessageKind.Join => 4 + 1 + member.Group.Bytes.Length,
        GroupMessageKind.Leave => 1,
        GroupMessageKind.Part => 1 + 4,
        _ => 0,
    };

    public static void Write(
        Span<byte> destination, GroupMessageKind kind, GroupMembership member, byte detail, uint wholeBytes)
    {
        destination[0] = (byte)kind;
        var rest = destination[(1 + WriteTag(destination[1..], member.Tag))..];
        switch (kind)
        {
            case GroupMessageKind.Join:
                BinaryPrimitives.WriteUInt32LittleEndian(rest, member.Pid);
                rest[4] = (byte)member.Group.Bytes.Length;
                member.Group.Bytes.CopyTo(rest[5..]);
                break;
            case GroupMessageKind.Leave:
                rest[0] = detail;
                break;
            case GroupMessageKind.Part:
                rest[0] = detail;
                BinaryPrimitives.WriteUInt32LittleEndian(rest[1..], wholeBytes);
                break;
            default:
                break;
        }
    }

    public static bool TryRead(ReadOnlySpan<byte> message, out GroupMessage read)
    {
        read = default;
        if (message.IsEmpty)
            return false;
        read.Kind = (GroupMessageKind)message[0];
        var rest = message[1..];
        if (read.Kind == GroupMessageKind.State)
        {
            read.Payload = rest;
            return true;
        }

        if (!TryReadTag(ref rest, out read.Tag))
            return false;
        switch (read.Kind)
        {
            case GroupMessageKind.Message:
                read.Payload = rest;
                return true;
            case GroupMessageKind.Join when rest.Length >= 5 && rest[4] is > 0 and <= GroupName.MaxBytes
                && rest.Length == 5 + rest[4]:
                read.Pid = BinaryPrimitives.ReadUInt32LittleEndian(rest);
                read.Name = rest[5..];
                return true;
            case GroupMessageKind.Leave when rest.Length == 1:
                read.Reason = (GroupChangeReason)rest[0];
                return true;
            case GroupMessageKind.Part when rest.Length >= 5
                && rest[0] is >= (byte)MessagePart.First and <= (byte)MessagePart.Last:
                read.Part = (MessagePart)rest[0];
                read.WholeBytes = BinaryPrimitives.ReadUInt32LittleEndian(rest[1..]);
                read.Payload = rest[5..];
                return true;
            default:
                return false;
        }
    }

    /// <summary>The processes of this node, for the members of a ring.</summary>
    public static byte[] State(RingId ring, IReadOnlyList<(GroupName Name, GroupEntry Entry)> list)
    {
        var message = new byte[1 + ServiceFormat.RingBytes + 2 + list.Sum(x => 2 + 4 + 1 + x.Name.Bytes.Length)];
        message[0] = (byte)GroupMessageKind.State;
        ServiceFormat.PutRing(message, 1, ring);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(1 + ServiceFormat.RingBytes), (ushort)list.Count);
        var rest = message.AsSpan(1 + ServiceFormat.RingBytes + 2);
        foreach (var (name, entry) in list)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest, entry.Tag);
            BinaryPrimitives.WriteUInt32LittleEndian(rest[2..], entry.Member.Pid);
            rest[6] = (byte)name.Bytes.Length;
            name.Bytes.CopyTo(rest[7..]);
            rest = rest[(7 + name.Bytes.Length)..];
        }

        return message;
    }

    /// <summary>Null when it contradicts itself.</summary>
    public static (RingId Ring, List<(GroupName Name, GroupEntry Entry)> List)? ReadState(
        ReadOnlySpan<byte> rest, ProcessorId node)
    {
        if (rest.Length < ServiceFormat.RingBytes + 2)
            return null;
        var ring = ServiceFormat.Ring(rest, 0);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(rest[ServiceFormat.RingBytes..]);
        rest = rest[(ServiceFormat.RingBytes + 2)..];
        if (count * StateEntryBytesMin > rest.Length)
            return null;
        var list = new List<(GroupName, GroupEntry)>(count);
        for (; count > 0; count--)
        {
            if (rest.Length < 7 || rest[6] is 0 or > GroupName.MaxBytes || rest.Length < 7 + rest[6])
                return null;
            var member = new GroupMember(node, BinaryPrimitives.ReadUInt32LittleEndian(rest[2..]));
            list.Add((new GroupName(rest.Slice(7, rest[6])),
                new GroupEntry(member, BinaryPrimitives.ReadUInt16LittleEndian(rest))));
            rest = rest[(7 + rest[6])..];
        }

        return rest.IsEmpty ? (ring, list) : null;
    }

    private static int WriteTag(Span<byte> destination, ushort tag)
    {
        var length = TagBytes(tag);
        for (var i = 0; i < length; i++)
            destination[i] = (byte)(((tag >> (7 * i)) & 0x7F) | (i < length - 1 ? 0x80 : 0));
        return length;
    }

    private static bool TryReadTag(ref ReadOnlySpan<byte> rest, out ushort tag)
    {
        var value = 0;
        for (var i = 0; i < 3 && i < rest.Length; i++)
        {
            value |= (rest[i] & 0x7F) << (7 * i);
            if ((rest[i] & 0x80) != 0)
                continue;
            rest = rest[(i + 1)..];
            tag = (ushort)value;
            return value is > 0 and <= ushort.MaxValue;
        }

        tag = 0;
        return false;
    }
}
