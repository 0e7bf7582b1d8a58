using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Traces;

public sealed class MessagePayloadTests
{
    private static readonly MessageId Id = new(new ProcessorId(uint.MaxValue), 3, long.MaxValue);

    [Theory]
    [InlineData(MessagePayload.MinSizeBytes)]
    [InlineData(MessagePayload.MinSizeBytes + 1)]
    [InlineData(1000)]
    [InlineData(1 << 20)]
    public void A_script_that_is_written_is_parsed(int size)
    {
        var payload = new byte[size];
        var written = MessagePayload.Write(payload, Id);
        Assert.True(MessagePayload.TryParse(payload, out var id, out var hash));
        Assert.Equal((Id, written), (id, hash));
    }

    [Fact]
    public void Every_changed_bit_is_noticed()
    {
        var payload = new byte[MessagePayload.MinSizeBytes + 21];
        MessagePayload.Write(payload, Id);
        for (var bit = 0; bit < payload.Length * 8; bit++)
        {
            payload[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(MessagePayload.TryParse(payload, out _, out _), $"bit {bit}");
            payload[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.True(MessagePayload.TryParse(payload, out _, out _));
    }

    [Fact]
    public void A_payload_that_is_cut_or_grown_is_noticed()
    {
        var payload = new byte[200];
        MessagePayload.Write(payload.AsSpan(0, 100), Id);
        for (var length = 0; length <= payload.Length; length++)
            Assert.Equal(length == 100, MessagePayload.TryParse(payload.AsSpan(0, length), out _, out _));
    }

    [Fact]
    public void The_same_message_has_the_same_bytes_and_another_has_others()
    {
        var payloads = new byte[3][];
        var ids = new[] { Id, Id, Id with { Number = 1 } };
        for (var i = 0; i < ids.Length; i++)
            MessagePayload.Write(payloads[i] = new byte[64], ids[i]);
        Assert.Equal(payloads[0], payloads[1]);
        Assert.NotEqual(payloads[0].AsSpan(MessagePayload.MinSizeBytes).ToArray(),
            payloads[2].AsSpan(MessagePayload.MinSizeBytes).ToArray());
    }

    [Fact]
    public void Too_little_room_is_refused() =>
        Assert.Throws<ArgumentException>(() => MessagePayload.Write(new byte[MessagePayload.MinSizeBytes - 1], Id));

    /// <summary>Traces of several machines and versions are compared: the function may not change
    /// by accident.</summary>
    [Fact]
    public void The_hash_is_fixed()
    {
        Assert.NotEqual(PayloadHash.Of([0]), PayloadHash.Of([0, 0]));
        Assert.Equal(0x417E1B23006AC25EUL, PayloadHash.Of("totem"u8));
        Assert.Equal(0x3F6F2D531841E20AUL, PayloadHash.Of("the token went round"u8));
    }
}
