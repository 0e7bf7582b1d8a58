using Totem.Sheepdog;
using Totem.Sheepdog.Drivers;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>The driver <c>totem</c> on real loopback sockets.</summary>
public sealed class TotemDriverTests : DriverConformance
{
    private readonly TemporaryDirectory _state = new();
    private readonly int _port = Ports.TakeBase();

    /// <summary>Its event loop runs on, and begins a session anew; nobody ends with the backend.</summary>
    [Fact]
    [Check("F-12")]
    public void A_sheep_whose_member_of_the_ring_ends_joins_afresh()
    {
        var sheep = Joined(2);
        Kill(((DriverSheep)sheep[1]).Driver);
        sheep[1].WaitForLine("reconnect");
        sheep[1].WaitForMembers(0, 1);
        sheep[0].WaitForCount("accept 1 ", 2);
        Assert.Equal(1, sheep[0].CountOf("leave 1 "));
        sheep[1].Notify("back");
        sheep[0].WaitForLine(TestSheep.NotifyLine(1, "back"));
    }

    /// <summary>The ring is busy with the first death when it sees the others, and all of them count: none of the dead
    /// is on another side of a cut.</summary>
    [Fact]
    [Check("A1")]
    public async Task The_few_who_are_left_go_on_when_most_are_killed_at_once()
    {
        var sheep = Joined(5);
        using var haveEnded = new ManualResetEventSlim();
        foreach (var survivor in sheep[3..])
            NodeOf(survivor).Host.CycleHook = haveEnded.Wait;
        foreach (var killed in sheep[..3])
            killed.Kill();
        foreach (var killed in sheep[..3])
            await NodeOf(killed).Completion.WaitAsync(HangLimit.OfAWait);
        haveEnded.Set();
        foreach (var survivor in sheep[3..])
            survivor.WaitForMembers(3, 4);
        AssertSameSequence(sheep[3..]);
    }

    /// <summary>A process that joins the group and never says anything: in C it stalls all members.</summary>
    [Fact]
    [Check("F-5")]
    public async Task A_stranger_in_the_group_that_is_silent_holds_up_nobody()
    {
        var sheep = Joined(1);
        await using var node = await TotemNode.StartAsync(
            TotemDriverOptions.Parse(Option, false).NodeOptions() with { OnDelivery = static (in Delivery _) => { } });
        await using var stranger = await node.JoinAsync(
            TotemDriverOptions.Parse(Option, false).Group, new GroupJoinOptions());
        var joiner = Start(1).Join();
        joiner.WaitForMembers(0, 1);
        sheep[0].Notify("on");
        joiner.WaitForLine(TestSheep.NotifyLine(0, "on"));
        // The messages that it does send, they do not take.
        await stranger.MulticastAsync(new byte[] { 255, 1, 2, 3 });
        await stranger.MulticastAsync(new byte[300]);
        joiner.Notify("still");
        sheep[0].WaitForLine(TestSheep.NotifyLine(1, "still"));
    }

    /// <summary>All that the sender puts on the wire, tokens and headers included; sheep's driver
    /// sends 90,212 bytes of message alone.</summary>
    [Fact]
    [Check("A6", "F-6")]
    public void A_notification_of_four_bytes_costs_less_than_256_on_the_wire()
    {
        const int Count = 300;
        var sheep = Joined(2);
        var node = NodeOf(sheep[0]);
        var before = node.Statistics.BytesSent;
        for (var i = 0; i < Count; i++)
            sheep[0].Notify("four");
        sheep[1].WaitForCount("notify ", Count);
        Assert.InRange(node.Statistics.BytesSent - before, 4 * Count, 255 * Count);
    }

    private static TotemNode NodeOf(TestSheep sheep) => ((TotemDriver)((DriverSheep)sheep).Driver).Node!;

    protected override string? Option => $"port={_port},state={_state.Path}";

    protected override IClusterDriver Create() => ClusterDrivers.Create("totem", out _);

    protected override void Kill(IClusterDriver driver) => ((TotemDriver)driver).Node?.Host.Crash();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _state.Dispose();
    }
}
