using Totem.Accord.Tests.Captures;
using Totem.Accord.Wire;

namespace Totem.Accord.Tests.Wire;

public sealed class RequestTests
{
    public static TheoryData<string> Names => CapturedMessage.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_request_of_the_original_library_passes_and_is_written_the_same(string name)
    {
        var count = 0;
        foreach (var captured in CapturedMessage.Load(name).Where(x => x.Kind == CapturedKind.Request))
        {
            Assert.Equal(ResultCode.Success, Request.TryRead(captured.Bytes, out var request));
            var header = new byte[MessageHeader.LengthBytes];
            request.Header.Write(header);
            Assert.Equal(captured.Bytes[..MessageHeader.LengthBytes], header);
            count++;
        }

        Assert.True(count > 40, $"{count} requests");
    }

    [Fact]
    public void The_fields_are_where_the_specification_has_them()
    {
        var bytes = Convert.FromHexString(
            "000000000900000000000000000000000800000001000000640000000000000005" + "0000002f662f6100");
        Assert.Equal(ResultCode.Success, Request.TryRead(bytes, out var request));
        Assert.Equal(Opcode.Read, request.Opcode);
        Assert.Equal(8u, request.Header.Id);
        Assert.Equal(100u, request.Header.Size);
        Assert.Equal(TestRequest.Path("/f/a"), request.Path.ToArray());
    }

    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "no data", TestRequest.Of(Opcode.Write, 1, RequestOptions.Create, 0, 0, TestRequest.Path("/a")) },
        { "no argument", TestRequest.Of(Opcode.Read, 1, RequestOptions.None, 0, 0) },
        { "one too many", TestRequest.Of(Opcode.Delete, 1, 0, 0, 0, TestRequest.Path("/a"), TestRequest.Path("/b")) },
        { "no zero", TestRequest.Of(Opcode.Read, 1, RequestOptions.None, 0, 9, "/a"u8.ToArray()) },
        { "zero within", TestRequest.Of(Opcode.Read, 1, RequestOptions.None, 0, 9, TestRequest.Path("/a\0b")) },
        { "empty path", TestRequest.Of(Opcode.Read, 1, RequestOptions.None, 0, 9, []) },
        { "long path", TestRequest.Read(new string('x', AccordLimits.PathBytesMax)) },
        { "unknown operation", TestRequest.Of((Opcode)42, 1, RequestOptions.None, 0, 0, TestRequest.Path("/a")) },
        { "invalid operation", TestRequest.Of((Opcode)11, 1, RequestOptions.None, 0, 0) },
        { "mask of 3 bytes", TestRequest.Of(Opcode.AddWatch, 1, 0, 0, 0, TestRequest.Path("/a"), [1, 0, 0]) },
        { "id of 5 bytes", TestRequest.Of(Opcode.RemoveWatch, 1, 0, 0, 0, [1, 0, 0, 0, 0]) },
        { "nested", TestRequest.Transaction(1, TestRequest.Transaction(0, TestRequest.Delete("/a"))) },
        { "list in it", TestRequest.Transaction(1, TestRequest.Of(Opcode.List, 0, 0, 0, 0)) },
        {
            "watch in it", TestRequest.Transaction(
                1, TestRequest.Of(Opcode.AddWatch, 0, 0, 0, 0, TestRequest.Path("/a"), TestRequest.Number(255)))
        },
        { "child too short", TestRequest.Transaction(1, [1, 2, 3]) },
        { "type 2", Changed(TestRequest.Delete("/a"), MessageHeader.TypeAt, 2) },
        { "argument beyond the data", Changed(TestRequest.Delete("/a"), MessageHeader.LengthBytes, 200) },
        { "length of the data", Changed(TestRequest.Delete("/a"), MessageHeader.DataLengthAt, 3) },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_request_is_refused(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        Assert.Equal(ResultCode.Message, Request.TryRead(bytes, out _));
    }

    [Theory]
    [InlineData(0ul, true)]
    [InlineData((ulong)AccordLimits.ValueBytesMax - 1, true)]
    [InlineData((ulong)AccordLimits.ValueBytesMax, false)]
    [InlineData((1ul << 32) + 2, false)]
    [InlineData(ulong.MaxValue, false)]
    public void An_offset_beyond_the_longest_value_is_refused(ulong offset, bool isFine)
    {
        var expected = isFine ? ResultCode.Success : ResultCode.Store;
        Assert.Equal(expected, Request.TryRead(TestRequest.Write("/a", [1], offset: offset), out _));
        Assert.Equal(expected, Request.TryRead(
            TestRequest.Transaction(1, TestRequest.Write("/a", [1], offset: offset)), out _));
        Assert.Equal(ResultCode.Success, Request.TryRead(
            TestRequest.Write("/a", [1], RequestOptions.Append, offset), out _));
    }

    private static byte[] Changed(byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }
}
