using System.Buffers.Binary;
using System.Text;
using Totem.Accord.Wire;

namespace Totem.Accord.Tests;

/// <summary>Writes requests of the old dialect.</summary>
internal static class TestRequest
{
    public static byte[] Path(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    public static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }

    public static byte[] Of(
        Opcode opcode, uint id, RequestOptions flags, ulong offset, uint size, params byte[][] arguments)
    {
        var data = arguments.Sum(x => 4 + x.Length);
        var bytes = new byte[MessageHeader.LengthBytes + data];
        new MessageHeader(MessageType.Request, (uint)data, offset, id, opcode, flags, size).Write(bytes);
        var at = MessageHeader.LengthBytes;
        foreach (var argument in arguments)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), argument.Length);
            argument.CopyTo(bytes, at + 4);
            at += 4 + argument.Length;
        }

        return bytes;
    }

    public static byte[] Write(
        string path, ReadOnlySpan<byte> data, RequestOptions flags = RequestOptions.Create, ulong offset = 0,
        uint id = 0) =>
        Of(Opcode.Write, id, flags, offset, (uint)data.Length, Path(path), data.ToArray());

    public static byte[] Read(string path, uint size = uint.MaxValue, ulong offset = 0, uint id = 0) =>
        Of(Opcode.Read, id, RequestOptions.None, offset, size, Path(path));

    public static byte[] Delete(string path, uint id = 0) =>
        Of(Opcode.Delete, id, RequestOptions.None, 0, 0, Path(path));

    public static byte[] Transaction(uint id, params byte[][] children) =>
        Of(Opcode.Transaction, id, RequestOptions.None, 0, 0, children);
}
