using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Tidy;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Znodes and the order of the writes on them are a contract with processes of other versions and with sheep's
/// tools: the file beside this one. <c>TOTEM_ACCEPT_ZOOKEEPER_TRANSCRIPT=1</c> writes it anew.</summary>
public sealed class ZooKeeperTranscriptTests(SingleServer servers) : ZooKeeperTest(servers), IClassFixture<SingleServer>
{
    private const string AcceptVariable = "TOTEM_ACCEPT_ZOOKEEPER_TRANSCRIPT";
    private const string File = "Totem.Tests/Sheepdog/ZooKeeper/Transcript.txt";
    private const int Never = 60_000;

    [ZooKeeperFact]
    public async Task The_requests_of_a_scripted_cluster_are_those_of_the_transcript()
    {
        var limits = new ZooKeeperLimits
        {
            InlineBytesMax = 0, ChunkBytesMax = 50, PublishEntries = 1000, Housekeeping = TimeSpan.FromHours(1),
        };
        using var tool = await ToolAsync();
        var first = Begin(0, Never, limits);
        first.WaitForMembers(0);
        Say(first, "alone", first);
        var second = Begin(1, Never, limits);
        await JoinedAsync(tool, first, second);
        Say(second, "two", first, second);
        first.Turn = () => first.Unblock("turn");
        first.Block();
        WaitForNotify(0, "turn", first, second);
        second.Lock(3);
        Assert.True(second.Unlock(3));
        second.Update(5);
        first.WaitForLine("update 1 5");
        second.WaitForLine("update 1 5");
        // Its session ends, which the first one declares.
        second.Kill();
        await tool.DeleteAsync(tool.Paths.Member(NodeString.Of(DriverSheep.Node(1))));
        first.WaitForMembers(0);
        Say(first, "one", first);
        var third = Begin(2, Never, limits);
        await JoinedAsync(tool, first, third);
        third.Kill();
        // In place of its earlier session.
        var again = Begin(2, Never, limits);
        await JoinedAsync(tool, first, again);
        first.WaitForCount("accept 2 ", 2);
        Say(again, "again", first, again);

        Compare([.. Told("first", first), .. Told("second", second), .. Told("again", again)]);
    }

    private static void Say(DriverSheep from, string text, params DriverSheep[] all)
    {
        from.Notify(text);
        WaitForNotify(from.Identity, text, all);
    }

    private static void WaitForNotify(int from, string text, params DriverSheep[] all) =>
        Assert.All(all, x => x.WaitForLine(TestSheep.NotifyLine(from, text)));

    /// <summary>With the state read and removed by the joiner.</summary>
    private static async Task JoinedAsync(ZooKeeperTool tool, DriverSheep first, DriverSheep joiner)
    {
        joiner.WaitForMembers(first.Identity, joiner.Identity);
        first.WaitForMembers(first.Identity, joiner.Identity);
        await WaitUntilAsync(async () => (await tool.ListAsync(tool.Paths.Handovers)).Length == 0, "the handover");
    }

    private IEnumerable<string> Told(string name, DriverSheep sheep) =>
        [$"{name}:", .. new ClientFrames(ProxyOf(sheep).BytesUp, Root).Lines, ""];

    private static void Compare(string[] lines)
    {
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            System.IO.File.WriteAllLines(Repository.FullPath(File), lines);
        Assert.Equal(Repository.Lines(File), lines);
    }
}
