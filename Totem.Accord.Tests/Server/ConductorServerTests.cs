using Totem.Accord.Tests.Captures;
using Totem.Accord.Wire;

namespace Totem.Accord.Tests.Server;

/// <summary>Real nodes, real connections.</summary>
public sealed class ConductorServerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_recorded_exchanges_are_the_same_over_tcp(int conductors)
    {
        await using var running = await RunningConductors.StartAsync(conductors);
        var count = 0;
        foreach (var name in (string[])["io", "aio", "txn", "watch"])
        {
            var captured = CapturedMessage.Load(name);
            foreach (var exchange in captured.GroupBy(x => x.Connection))
            {
                using (var setup = running.Connect(0))
                    LeaveBehind(setup, exchange.First(x => x.Kind == CapturedKind.Response).Bytes);
                using var client = running.Connect(count % conductors);
                client.WaitForNotices(1);
                foreach (var message in exchange.Where(x => !x.IsMembership && x.Kind != CapturedKind.End))
                {
                    if (message.Kind == CapturedKind.Request)
                        client.Send(message.Bytes);
                    else
                        Assert.Equal(Convert.ToHexString(message.Bytes), Convert.ToHexString(client.Receive()!));
                    count++;
                }

                client.Reset();
            }
        }

        Assert.True(count > 500, $"{count} messages");
    }

    [Fact]
    public async Task A_write_at_one_conductor_is_read_at_the_others_and_a_late_one_has_it_too()
    {
        await using var running = await RunningConductors.StartAsync(2);
        using var first = running.Connect(0);
        for (var i = 0; i < 2_000; i++)
            first.Send(TestRequest.Write($"/many/{i:d5}", new byte[500], id: (uint)i));
        for (var i = 0; i < 2_000; i++)
            Assert.Equal((uint)i, BitConverter.ToUInt32(first.Receive()!, 16));
        await running.AddAsync();
        for (var at = 0; at < 3; at++)
        {
            using var client = running.Connect(at);
            // The notice of its own arrival comes when its conductor has caught up.
            client.WaitForNotices(1);
            var (result, arguments) = client.Ask(TestRequest.Of(
                Opcode.List, 1, RequestOptions.None, 0, 0, TestRequest.Path("/many/")));
            Assert.Equal((0, 4 + 2_000 * "/many/00000\0".Length), (result, arguments.Length));
        }
    }

    [Fact]
    public async Task A_long_value_travels_in_parts()
    {
        await using var running = await RunningConductors.StartAsync(3);
        using var client = running.Connect(1);
        var value = new byte[AccordLimits.ValueBytesMax];
        new Random(1).NextBytes(value);
        Assert.Equal(0, client.Ask(TestRequest.Write("/long", value)).Result);
        using var other = running.Connect(2);
        other.WaitForNotices(1);
        var (result, read) = other.Ask(TestRequest.Read("/long"));
        Assert.Equal(0, result);
        Assert.True(read.AsSpan(4).SequenceEqual(value));
        Assert.Equal((int)ResultCode.Store, client.Ask(TestRequest.Write("/long", [1], RequestOptions.Append)).Result);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_end_of_a_connection_is_one_leave(bool isReset)
    {
        await using var running = await RunningConductors.StartAsync(2);
        using var watcher = running.Connect(1);
        watcher.WaitForNotices(1);
        using var client = running.Connect(0);
        client.WaitForNotices(1);
        watcher.WaitForNotices(2);
        if (isReset)
            client.Reset();
        else
            client.Finish();
        watcher.WaitForNotices(3);
        Assert.Equal(0x02, watcher.Notices[2][21]);
        Assert.Equal(client.Notices[0][36..44], watcher.Notices[2][36..44]);
        using var next = running.Connect(0);
        watcher.WaitForNotices(4);
        Assert.Equal(0x01, watcher.Notices[3][21]);
    }

    [Fact]
    public async Task A_client_that_lies_is_closed_and_the_others_go_on()
    {
        await using var running = await RunningConductors.StartAsync(1);
        using var good = running.Connect(0);
        good.WaitForNotices(1);
        byte[] forged = [.. TestRequest.Delete("/a")];
        forged[1] = 2;
        byte[] huge = [.. TestRequest.Delete("/a")];
        BitConverter.TryWriteBytes(huge.AsSpan(4), uint.MaxValue);
        foreach (var bytes in (byte[][])[forged, huge])
        {
            using var bad = running.Connect(0);
            bad.Send(TestRequest.Write("/before", "x"u8, id: 7), bytes);
            while (bad.Receive() is not null)
            {
                // Earlier requests may be answered.
            }

            Assert.Equal((int)ResultCode.Message, good.Ask(TestRequest.Of((Opcode)42, 1, 0, 0, 0)).Result);
            Assert.Equal(0, good.Ask(TestRequest.Write("/a", "x"u8)).Result);
        }
    }

    [Fact]
    public async Task A_client_with_a_hundred_thousand_requests_has_them_answered_in_order()
    {
        await using var running = await RunningConductors.StartAsync(1);
        using var client = running.Connect(0);
        const int count = 100_000;
        var sending = Task.Run(() =>
        {
            for (var i = 0u; i < count; i += 1_000)
                client.Send([.. Enumerable.Range((int)i, 1_000).Select(x => x % 3 == 0
                    ? TestRequest.Read("/a", id: (uint)x)
                    : TestRequest.Write("/a", "12345678"u8, id: (uint)x,
                        flags: RequestOptions.Create | (RequestOptions)(x & 1)))]);
        });
        for (var i = 0u; i < count; i++)
            Assert.Equal(i, BitConverter.ToUInt32(client.Receive()!, 16));
        await sending;
    }

    // Each test program lists first what the one before it has left behind.
    private static void LeaveBehind(RawClient client, byte[] list)
    {
        // A read is local; behind an ordered request it sees what others did before.
        client.Ask(TestRequest.Delete("/nothing"));
        var (_, paths) = client.Ask(TestRequest.Of(Opcode.List, 0, RequestOptions.None, 0, 0));
        foreach (var path in Paths(paths))
            Assert.Equal(0, client.Ask(TestRequest.Delete(path)).Result);
        foreach (var path in Paths(list[32..]))
            Assert.Equal(0, client.Ask(TestRequest.Write(path, "left behind"u8)).Result);
    }

    private static string[] Paths(byte[] arguments) => System.Text.Encoding.UTF8
        .GetString(arguments.AsSpan(Math.Min(4, arguments.Length))).Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
