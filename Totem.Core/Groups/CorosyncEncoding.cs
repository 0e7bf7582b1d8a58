using System.Diagnostics.CodeAnalysis;

namespace Totem.Core.Groups;

/// <summary>Group messages as corosync writes them (WIRE §14.2). Nothing read here is trusted to be
/// as long as it says.</summary>
internal static class CorosyncEncoding
{
    public static bool TryRead(ReadOnlySpan<byte> message, out GroupMessage read)
    {
        read = default;
        if (message.Length < ServiceFormat.HeaderBytes)
            return false;
        switch (ServiceFormat.I32(message, ServiceFormat.IdOffset))
        {
            case ServiceFormat.JoinId when message.Length >= ServiceFormat.MemberBytes:
                read.Kind = GroupMessageKind.Join;
                ReadMember(message, ref read);
                return !read.Name.IsEmpty;
            case ServiceFormat.LeaveId when message.Length >= ServiceFormat.MemberBytes:
                read.Kind = GroupMessageKind.Leave;
                ReadMember(message, ref read);
                return !read.Name.IsEmpty;
            case ServiceFormat.MessageId when message.Length >= ServiceFormat.MessageHeaderBytes:
                read.Kind = GroupMessageKind.Message;
                read.Name = ServiceFormat.Name(message, ServiceFormat.MemberNameOffset);
                read.Pid = ServiceFormat.U32(message, ServiceFormat.MessagePidOffset);
                return TryTake(
                    message[ServiceFormat.MessageHeaderBytes..],
                    ServiceFormat.U32(message, ServiceFormat.MessageLengthOffset), ref read);
            case ServiceFormat.PartId when message.Length >= ServiceFormat.PartHeaderBytes:
                read.Kind = GroupMessageKind.Part;
                read.Name = ServiceFormat.Name(message, ServiceFormat.MemberNameOffset);
                read.Pid = ServiceFormat.U32(message, ServiceFormat.PartPidOffset);
                read.WholeBytes = ServiceFormat.U32(message, ServiceFormat.PartWholeOffset);
                read.Part = (MessagePart)ServiceFormat.U32(message, ServiceFormat.PartTypeOffset);
                return read.Part is MessagePart.First or MessagePart.Middle or MessagePart.Last
                    && TryTake(
                        message[ServiceFormat.PartHeaderBytes..],
                        ServiceFormat.U32(message, ServiceFormat.PartLengthOffset), ref read);
            default:
                return false;
        }
    }

    public static bool IsJoinList(ReadOnlySpan<byte> message) =>
        message.Length >= ServiceFormat.JoinListHeaderBytes
            && ServiceFormat.I32(message, ServiceFormat.IdOffset) == ServiceFormat.JoinListId;

    public static List<(GroupName Name, GroupEntry Entry)> ReadJoinList(ReadOnlySpan<byte> message, ProcessorId node)
    {
        var list = new List<(GroupName, GroupEntry)>();
        for (var rest = message[ServiceFormat.JoinListHeaderBytes..]; rest.Length >= ServiceFormat.JoinListEntryBytes;
             rest = rest[ServiceFormat.JoinListEntryBytes..])
        {
            var name = ServiceFormat.Name(rest, ServiceFormat.JoinListNameOffset);
            if (!name.IsEmpty)
                list.Add(
                    (new GroupName(name), new GroupEntry(new GroupMember(node, ServiceFormat.U32(rest, 0)), Tag: 0)));
        }

        return list;
    }

    public static byte[] JoinList(IReadOnlyList<(GroupName Name, GroupEntry Entry)> list)
    {
        var message = new byte[ServiceFormat.JoinListHeaderBytes + ServiceFormat.JoinListEntryBytes * list.Count];
        ServiceFormat.PutHeader(message, ServiceFormat.JoinListId, message.Length);
        for (var i = 0; i < list.Count; i++)
        {
            var entry = message.AsSpan(ServiceFormat.JoinListHeaderBytes + ServiceFormat.JoinListEntryBytes * i);
            ServiceFormat.PutU32(entry, 0, list[i].Entry.Member.Pid);
            ServiceFormat.PutName(entry, ServiceFormat.JoinListNameOffset, list[i].Name);
        }

        return message;
    }

    /// <summary>The bytes before the payload; the length of the destination says which message it is.</summary>
    public static void WriteMember(
        Span<byte> destination, bool isJoin, GroupMembership member, GroupChangeReason reason)
    {
        destination.Clear();
        ServiceFormat.PutHeader(
            destination, isJoin ? ServiceFormat.JoinId : ServiceFormat.LeaveId, ServiceFormat.MemberBytes);
        ServiceFormat.PutName(destination, ServiceFormat.MemberNameOffset, member.Group);
        ServiceFormat.PutU32(destination, ServiceFormat.MemberPidOffset, member.Pid);
        ServiceFormat.PutU32(destination, ServiceFormat.MemberReasonOffset, (uint)reason);
    }

    public static void WriteMessage(Span<byte> destination, ProcessorId self, GroupMembership member, int payloadBytes)
    {
        destination.Clear();
        ServiceFormat.PutHeader(destination, ServiceFormat.MessageId, ServiceFormat.MessageHeaderBytes + payloadBytes);
        ServiceFormat.PutName(destination, ServiceFormat.MemberNameOffset, member.Group);
        ServiceFormat.PutU32(destination, ServiceFormat.MessageLengthOffset, (uint)payloadBytes);
        ServiceFormat.PutU32(destination, ServiceFormat.MessagePidOffset, member.Pid);
        ServiceFormat.PutU32(destination, ServiceFormat.MessageSourceOffset, self.Value);
    }

    [SuppressMessage("Design", "MA0051", Justification = "one line a field")]
    public static void WritePart(
        Span<byte> destination, ProcessorId self, GroupMembership member, MessagePart part, uint wholeBytes,
        int payloadBytes)
    {
        destination.Clear();
        ServiceFormat.PutHeader(destination, ServiceFormat.PartId, ServiceFormat.PartHeaderBytes + payloadBytes);
        ServiceFormat.PutName(destination, ServiceFormat.MemberNameOffset, member.Group);
        ServiceFormat.PutU32(destination, ServiceFormat.PartWholeOffset, wholeBytes);
        ServiceFormat.PutU32(destination, ServiceFormat.PartLengthOffset, (uint)payloadBytes);
        ServiceFormat.PutU32(destination, ServiceFormat.PartPidOffset, member.Pid);
        ServiceFormat.PutU32(destination, ServiceFormat.PartTypeOffset, (uint)part);
        ServiceFormat.PutU32(destination, ServiceFormat.PartSourceOffset, self.Value);
    }

    /// <summary>How a node makes its vote count (WIRE §15). Never for another node: that would stop
    /// a real daemon.</summary>
    public static byte[] NodeInfo(ProcessorId self, int votes, int expectedVotes)
    {
        var message = new byte[ServiceFormat.NodeInfoBytes];
        ServiceFormat.PutHeader(message, ServiceFormat.NodeInfoId, message.Length);
        ServiceFormat.PutU32(message, 16, self.Value);
        ServiceFormat.PutU32(message, 20, (uint)votes);
        ServiceFormat.PutU32(message, 24, (uint)expectedVotes);
        // Flags stay 0: who says it is quorate has its expected votes taken over by those who are not.
        return message;
    }

    private static void ReadMember(ReadOnlySpan<byte> message, ref GroupMessage read)
    {
        read.Name = ServiceFormat.Name(message, ServiceFormat.MemberNameOffset);
        read.Pid = ServiceFormat.U32(message, ServiceFormat.MemberPidOffset);
        read.Reason = (GroupChangeReason)ServiceFormat.U32(message, ServiceFormat.MemberReasonOffset);
    }

    private static bool TryTake(ReadOnlySpan<byte> rest, uint length, ref GroupMessage read)
    {
        if (length > (uint)rest.Length || read.Name.IsEmpty)
            return false;
        read.Payload = rest[..(int)length];
        return true;
    }
}
