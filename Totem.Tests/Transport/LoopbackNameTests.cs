using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Tests.Cpg;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Transport.Udp.Slots;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Two uses of one loopback port are two rings when their names differ, and a stranger on
/// a ring is named.</summary>
[Collection(RealProcesses.Name)]
public sealed class LoopbackNameTests : IDisposable
{
    private const int UnlistedSource = 1010;
    private const int OwnAddress = 1011;
    private const int Stranger = 1012;

    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly TemporaryDirectory _state = new();
    private readonly int _port = Ports.TakeBase();

    public void Dispose() => _state.Dispose();

    [LinuxTheory]
    [InlineData("", "127.0.0.1")]
    [InlineData("libcpg", "127.149.28.15")]
    [InlineData("sheepdog", "127.253.231.91")]
    public void A_name_has_one_address(string name, string expected) =>
        Assert.Equal(expected, LoopbackSlots.AddressOf(name).ToString());

    [LinuxFact]
    public void Names_spread_over_the_upper_half_of_the_loopback()
    {
        var addresses = Enumerable.Range(0, 1000)
            .Select(i => LoopbackSlots.AddressOf($"ring {i}").GetAddressBytes()).ToArray();
        Assert.All(addresses, bytes =>
        {
            Assert.Equal(127, bytes[0]);
            Assert.InRange(bytes[1], 128, 255);
            Assert.InRange(bytes[3], 1, 254);
        });
        Assert.Equal(1000, addresses.Select(Convert.ToHexString).Distinct().Count());
    }

    [LinuxFact]
    public async Task Rings_of_different_names_hear_nothing_of_each_other()
    {
        await using var a = await StartAsync("a");
        await using var b = await StartAsync("b");
        await using var a2 = await StartAsync("a");
        await a.WaitForMembersAsync(2).WaitAsync(Limit);
        await b.WaitForMembersAsync(1).WaitAsync(Limit);
        for (var i = 0; i < 50; i++)
        {
            await a.MulticastAsync("a"u8.ToArray());
            await b.MulticastAsync("b"u8.ToArray());
        }

        Assert.Equal((1u, 1u, 2u), (a.Id.Value, b.Id.Value, a2.Id.Value));
        foreach (var (node, letter) in new[] { (a, (byte)'a'), (a2, (byte)'a'), (b, (byte)'b') })
        {
            var own = 0;
            await foreach (var element in node.ReadEventsAsync())
            {
                if (element.Change is not null)
                    continue;
                Assert.Equal([letter], element.Payload.ToArray());
                if (++own == 50)
                    break;
            }
        }

        Assert.Single(b.Installed!.Members);
        Assert.Equal(0, a.Statistics.DatagramsIgnored + b.Statistics.DatagramsIgnored);
    }

    [NativeFact]
    public async Task A_program_on_libcpg_and_a_node_meet_only_by_name()
    {
        var environment = NativeBuild.OursAlone(_state.Path);
        environment["TOTEM_PORT"] = _port.ToString(CultureInfo.InvariantCulture);
        using var program = NativeMember.Start([], "named", environment);
        Assert.Contains(" node 1 ", (await program.HearsAsync(" started 1 ")).Line, StringComparison.Ordinal);
        using var state = new TemporaryDirectory();

        // On the same port, and in the same slot.
        var (exitCode, said) = TotemProgram.Run($"node --json --port {_port} --state {state.Path}");
        Assert.True(exitCode == 0, said);
        Assert.Contains("\"node\":1,", said, StringComparison.Ordinal);
        Assert.DoesNotContain("\"members\":[1,2]", said, StringComparison.Ordinal);

        (exitCode, said) = TotemProgram.Run($"group --list --json --port {_port} --name libcpg --state {state.Path}");
        Assert.True(exitCode == 0, said);
        Assert.Contains("named", said, StringComparison.Ordinal);
    }

    [NativeFact]
    public async Task A_member_of_another_program_is_named_once()
    {
        var environment = NativeBuild.OursAlone(_state.Path);
        environment["TOTEM_PORT"] = _port.ToString(CultureInfo.InvariantCulture);
        environment["TOTEM_NAME"] = "strange";
        var logger = new LineLogger();
        await using var node = await StartAsync("strange", logger);
        await using var friend = await StartAsync("strange");
        using var program = NativeMember.Start([], "named", environment);
        await node.WaitForMembersAsync(3).WaitAsync(Limit);
        await WaitAsync(node, () => logger.Lines.Any(line => line.Id == Stranger));

        var (_, _, text) = Assert.Single(logger.Lines, line => line.Id == Stranger);
        Assert.Contains($"Node 3 of this loopback ring is a stranger: process {program.Id} (", text,
            StringComparison.Ordinal);
        Assert.Contains("cpg_member", text, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_source_that_is_no_member_s_is_named_once()
    {
        var logger = new LineLogger();
        await using var node = await StartAsync("source", logger);
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var there = new IPEndPoint(LoopbackSlots.AddressOf("source"), _port);
        for (var i = 0; i < 100; i++)
            await stranger.SendToAsync(new byte[100], there);

        await WaitAsync(node, () => node.Statistics.DatagramsIgnored == 100);
        Assert.Contains($"{stranger.LocalEndPoint}",
            Assert.Single(logger.Lines, line => line.Id == UnlistedSource).Text, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Datagrams_from_our_own_address_are_ignored_and_told_once()
    {
        var logger = new LineLogger();
        await using var node = await StartAsync("own", logger);
        await node.WaitForMembersAsync(1).WaitAsync(Limit);
        var address = LoopbackSlots.AddressOf("own");
        using var forger = new Socket(AddressFamily.InterNetwork, SocketType.Raw, (ProtocolType)255);
        for (var i = 0; i < 10; i++)
            await forger.SendToAsync(Datagram(address, (ushort)_port), new IPEndPoint(address, 0));

        await WaitAsync(node, () => node.Statistics.DatagramsIgnored == 10);
        Assert.Contains($"{address}:{_port}", Assert.Single(logger.Lines, line => line.Id == OwnAddress).Text,
            StringComparison.Ordinal);
        Assert.False(node.Completion.IsCompleted);
    }

    /// <summary>IPv4 and UDP headers and a few bytes; the kernel fills in the first checksum, and
    /// none is a good second one.</summary>
    private static byte[] Datagram(IPAddress address, ushort port)
    {
        var bytes = new byte[20 + 8 + 12];
        (bytes[0], bytes[3], bytes[8], bytes[9]) = (0x45, (byte)bytes.Length, 64, 17);
        address.GetAddressBytes().CopyTo(bytes, 12);
        address.GetAddressBytes().CopyTo(bytes, 16);
        foreach (var at in new[] { 20, 22 })
            (bytes[at], bytes[at + 1]) = ((byte)(port >> 8), (byte)port);
        bytes[25] = 8 + 12;
        return bytes;
    }

    /// <summary>Waits from one turn of the ring's thread to the next, until it has seen to something.</summary>
    private static async Task WaitAsync(TotemNode node, Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
            await node.GetMembersAsync("g", limit.Token);
    }

    private Task<TotemNode> StartAsync(string name, LineLogger? logger = null)
        => TotemNode.StartAsync(
            TotemNodeOptions.Loopback(_port, stateDirectory: Path.Combine(_state.Path, name), name: name) with
        {
            LoggerFactory = logger is null ? null : new LineLoggerFactory(logger),
        });
}
