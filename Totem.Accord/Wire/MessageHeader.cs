using System.Buffers.Binary;

namespace Totem.Accord.Wire;

/// <summary>The kinds of messages of the old dialect, in byte 1 of a header.</summary>
internal enum MessageType : byte
{
    /// <summary>From a client.</summary>
    Request = 0,

    /// <summary>The answer to a request.</summary>
    Response = 1,

    /// <summary>An event.</summary>
    Notification = 2,
}

/// <summary>The header of a request (ACCORD §2). Nothing in it is checked but its length.</summary>
internal readonly record struct MessageHeader(
    MessageType Type, uint DataLength, ulong Offset, uint Id, Opcode Opcode, RequestOptions Flags, uint Size)
{
    /// <summary>All headers have this length.</summary>
    public const int LengthBytes = 32;

    /// <summary>Where the type stands.</summary>
    public const int TypeAt = 1;

    /// <summary>Where the length of the data stands.</summary>
    public const int DataLengthAt = 4;

    /// <summary>Where the offset stands.</summary>
    public const int OffsetAt = 8;

    /// <summary>Where the id stands.</summary>
    public const int IdAt = 16;

    /// <summary>Where a request's opcode, an answer's result and a notification's events stand.</summary>
    public const int OpcodeAt = 20;

    /// <summary>Where a request's flags stand.</summary>
    public const int FlagsAt = 22;

    /// <summary>Where a request's size stands.</summary>
    public const int SizeAt = 24;

    /// <summary>The header at the beginning of these bytes, of which there must be enough.</summary>
    public static MessageHeader Read(ReadOnlySpan<byte> bytes) => new(
        (MessageType)bytes[TypeAt],
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[DataLengthAt..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[OffsetAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[IdAt..]),
        (Opcode)bytes[OpcodeAt],
        (RequestOptions)BinaryPrimitives.ReadUInt16LittleEndian(bytes[FlagsAt..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[SizeAt..]));

    /// <summary>Writes a request's header.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes[..LengthBytes].Clear();
        bytes[TypeAt] = (byte)Type;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[DataLengthAt..], DataLength);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[OffsetAt..], Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[IdAt..], Id);
        bytes[OpcodeAt] = (byte)Opcode;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[FlagsAt..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[SizeAt..], Size);
    }

    /// <summary>Writes an answer's header.</summary>
    public static void WriteResponse(Span<byte> bytes, uint id, ResultCode result, int dataLength)
    {
        bytes[..LengthBytes].Clear();
        bytes[TypeAt] = (byte)MessageType.Response;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[DataLengthAt..], dataLength);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[IdAt..], id);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[OpcodeAt..], (int)result);
    }

    /// <summary>Makes the notification of a watch out of the request that caused it, in place.</summary>
    public static void MakeNotification(Span<byte> request, uint watch, EventKinds events)
    {
        request[TypeAt] = (byte)MessageType.Notification;
        BinaryPrimitives.WriteUInt32LittleEndian(request[IdAt..], watch);
        BinaryPrimitives.WriteUInt16LittleEndian(request[OpcodeAt..], (ushort)events);
    }
}
