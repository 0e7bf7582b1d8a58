using System.Buffers;
using System.Buffers.Binary;

namespace Totem.Accord.Wire;

/// <summary>Writes answers and notifications of the old dialect into a client's buffer.</summary>
internal static class ResponseWriter
{
    /// <summary>An answer without arguments.</summary>
    public static void Write(IBufferWriter<byte> output, uint id, ResultCode result)
    {
        MessageHeader.WriteResponse(output.GetSpan(MessageHeader.LengthBytes), id, result, 0);
        output.Advance(MessageHeader.LengthBytes);
    }

    /// <summary>A successful answer with one argument.</summary>
    public static void Write(IBufferWriter<byte> output, uint id, ReadOnlySpan<byte> argument)
    {
        var length = MessageHeader.LengthBytes + sizeof(uint) + argument.Length;
        var span = output.GetSpan(length);
        MessageHeader.WriteResponse(span, id, ResultCode.Success, sizeof(uint) + argument.Length);
        BinaryPrimitives.WriteInt32LittleEndian(span[MessageHeader.LengthBytes..], argument.Length);
        argument.CopyTo(span[(MessageHeader.LengthBytes + sizeof(uint))..]);
        output.Advance(length);
    }

    /// <summary>An answer whose arguments are encoded already.</summary>
    public static void WriteEncoded(
        IBufferWriter<byte> output, uint id, ResultCode result, ReadOnlySpan<byte> arguments)
    {
        var length = MessageHeader.LengthBytes + arguments.Length;
        var span = output.GetSpan(length);
        MessageHeader.WriteResponse(span, id, result, arguments.Length);
        arguments.CopyTo(span[MessageHeader.LengthBytes..]);
        output.Advance(length);
    }

    /// <summary>The notification of a watch: the request that caused it, under another header.</summary>
    public static void WriteEvent(
        IBufferWriter<byte> output, ReadOnlySpan<byte> request, uint watch, EventKinds events)
    {
        var span = output.GetSpan(request.Length);
        request.CopyTo(span);
        MessageHeader.MakeNotification(span, watch, events);
        output.Advance(request.Length);
    }

    /// <summary>The bytes of a notice that a client came or went: its id, and those of all who are there.</summary>
    public static byte[] EncodeMembership(EventKinds events, ulong client, IReadOnlyCollection<ulong> all)
    {
        var data = sizeof(uint) + sizeof(ulong) + sizeof(uint) + sizeof(ulong) * all.Count;
        var bytes = new byte[MessageHeader.LengthBytes + data];
        new MessageHeader { Type = MessageType.Notification, DataLength = (uint)data }.Write(bytes);
        MessageHeader.MakeNotification(bytes, watch: 0, events);
        var at = MessageHeader.LengthBytes;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + 4), client);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 12), sizeof(ulong) * all.Count);
        at += 16;
        foreach (var id in all)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), id);
            at += sizeof(ulong);
        }

        return bytes;
    }
}
