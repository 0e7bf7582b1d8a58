using System.Buffers.Binary;

namespace Totem.Core.Groups;

/// <summary>
/// The layout of corosync's service messages (WIRE §13.1 and §14), each offset named once. Little endian: rings of
/// mixed byte order do not synchronise (WIRE §4).
/// </summary>
internal static class ServiceFormat
{
    public const int HeaderBytes = 16;
    public const int IdOffset = 0;
    public const int SizeOffset = 8;

    // Synchronisation (13.1).
    public const int BarrierId = 0;
    public const int ServiceBuildId = 1;
    public const int SyncRingOffset = 16;
    public const int RingBytes = 12;
    public const int BarrierBytes = 32;
    public const int ServiceCountOffset = 32;
    public const int ServiceListOffset = 40;
    public const int ServiceListMax = 128;
    public const int ServiceBuildBytes = ServiceListOffset + 4 * ServiceListMax;

    // Services (13.2).
    public const int ConfigurationService = 1;
    public const int GroupService = 2;
    public const int VoteService = 5;

    // Names (14.1).
    public const int NameBytes = 136;
    public const int NameLengthOffset = 0;
    public const int NameTextOffset = 8;

    // CPG (14.2): the service in the upper half of the id, the function in the lower.
    public const int JoinId = (GroupService << 16) | 0;
    public const int LeaveId = (GroupService << 16) | 1;
    public const int JoinListId = (GroupService << 16) | 2;
    public const int MessageId = (GroupService << 16) | 3;
    public const int PartId = (GroupService << 16) | 6;
    public const int MemberBytes = 168;
    public const int MemberNameOffset = 16;
    public const int MemberPidOffset = 152;
    public const int MemberReasonOffset = 160;
    public const int JoinListHeaderBytes = 24;
    public const int JoinListEntryBytes = 144;
    public const int JoinListNameOffset = 8;
    public const int MessageHeaderBytes = 184;
    public const int MessageLengthOffset = 152;
    public const int MessagePidOffset = 160;
    public const int MessageSourceOffset = 168;
    public const int PartHeaderBytes = 200;
    public const int PartWholeOffset = 152;
    public const int PartLengthOffset = 160;
    public const int PartPidOffset = 168;
    public const int PartTypeOffset = 176;
    public const int PartSourceOffset = 184;

    // Votequorum (14.4).
    public const int NodeInfoId = VoteService << 16;
    public const int NodeInfoBytes = 32;

    // cfg (14.6).
    public const int KillId = (ConfigurationService << 16) | 1;
    public const int KillBytes = 288;
    public const int KillNodeOffset = 16;
    public const int KillReasonLengthOffset = 24;
    public const int KillReasonOffset = 32;
    public const int KillReasonMax = 256;
    public const int ReloadId = (ConfigurationService << 16) | 3;
    public const int ReloadBytes = 32;
    public const int KeyStepId = (ConfigurationService << 16) | 4;
    public const int KeyStepBytes = 24;
    public const int KeyStepPhaseOffset = 16;

    public static int I32(ReadOnlySpan<byte> message, int offset) =>
        BinaryPrimitives.ReadInt32LittleEndian(message[offset..]);

    public static uint U32(ReadOnlySpan<byte> message, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(message[offset..]);

    public static RingId Ring(ReadOnlySpan<byte> message, int offset) => new(
        new ProcessorId(U32(message, offset)), BinaryPrimitives.ReadUInt64LittleEndian(message[(offset + 4)..]));

    /// <summary>The name at this offset; empty when its length makes no sense.</summary>
    public static ReadOnlySpan<byte> Name(ReadOnlySpan<byte> message, int offset)
    {
        var length = U32(message, offset + NameLengthOffset);
        return length > GroupName.MaxBytes ? default : message.Slice(offset + NameTextOffset, (int)length);
    }

    public static void PutHeader(Span<byte> message, int id, int sizeBytes)
    {
        PutU32(message, IdOffset, (uint)id);
        PutU32(message, SizeOffset, (uint)sizeBytes);
    }

    public static void PutU32(Span<byte> message, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(message[offset..], value);

    public static void PutRing(Span<byte> message, int offset, RingId ring)
    {
        PutU32(message, offset, ring.Representative.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(message[(offset + 4)..], ring.Sequence);
    }

    public static void PutName(Span<byte> message, int offset, GroupName name)
    {
        PutU32(message, offset + NameLengthOffset, (uint)name.Bytes.Length);
        name.Bytes.CopyTo(message[(offset + NameTextOffset)..]);
    }
}
