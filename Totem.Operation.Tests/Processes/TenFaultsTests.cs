using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Xunit.Abstractions;

namespace Totem.Operation.Tests.Processes;

/// <summary>Ten faults happen to real members in namespaces, and whoever sees only the records names each.
/// docs/how-to/operate.md shows the same lines.</summary>
public sealed class TenFaultsTests(ITestOutputHelper output)
{
    [NamespaceFact]
    public async Task A_process_that_is_killed_has_ended()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var before = new[] { await cluster.ChangesOfAsync(1), await cluster.ChangesOfAsync(2) };
        cluster.Signal(3, ShownCluster.Kill);
        var record = await RecordAsync(cluster, 1, before[0], x => !x.Left.IsEmpty);
        record = await FirstHandAsync(cluster, record, before);
        Assert.Equal((ChangeDiagnosis.ProcessEnded, Set(3)), (record.Diagnosis, record.About));
    }

    [NamespaceFact]
    public async Task A_member_that_leaves_has_left()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var before = new[] { await cluster.ChangesOfAsync(1), await cluster.ChangesOfAsync(2) };
        cluster.Leave(3);
        var record = await RecordAsync(cluster, 1, before[0], x => !x.Left.IsEmpty);
        record = await FirstHandAsync(cluster, record, before);
        Assert.Equal((ChangeDiagnosis.Left, Set(3)), (record.Diagnosis, record.About));
    }

    [NamespaceFact]
    public async Task A_process_that_is_stopped_says_so_itself_and_was_silent_to_the_others()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var (before, own) = (await cluster.ChangesOfAsync(1), await cluster.ChangesOfAsync(3));
        cluster.Signal(3, ShownCluster.Stop);
        var record = await RecordAsync(
            cluster, 1, before, x => !x.Left.IsEmpty);
        Assert.Equal((ChangeDiagnosis.MemberSilent, Set(3)), (record.Diagnosis, record.About));
        Assert.True(Assert.Single(record.Silences).For >= record.TokenTimeout, record.Sentence);

        cluster.Signal(3, ShownCluster.Continue);
        var itsOwn = await RecordAsync(
            cluster, 3, own, x => x.Reason == GatherReason.StoodStill);
        Assert.Equal((ChangeDiagnosis.Suspended, Set(3)), (itsOwn.Diagnosis, itsOwn.About));
        Assert.True(itsOwn.Pause!.Length >= itsOwn.TokenTimeout, itsOwn.Sentence);
    }

    [NamespaceFact]
    public async Task A_network_that_parts_takes_several_at_once()
    {
        await using var cluster = await ShownCluster.StartAsync(4);
        var (here, there) = (await cluster.ChangesOfAsync(1), await cluster.ChangesOfAsync(4));
        cluster.Network.Separate(3, 4);
        var record = await RecordAsync(
            cluster, 1, here, x => !x.Left.IsEmpty);
        Assert.Equal((ChangeDiagnosis.Parted, Set(3, 4)), (record.Diagnosis, record.About));
        record = await RecordAsync(
            cluster, 4, there, x => !x.Left.IsEmpty);
        Assert.Equal((ChangeDiagnosis.Parted, Set(1, 2)), (record.Diagnosis, record.About));
    }

    [NamespaceFact]
    public async Task A_way_that_is_cut_in_one_direction_is_a_broken_link()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var before = await cluster.ChangesOfAsync(2);
        Run(cluster, 1, $"iptables -A INPUT -i net0 -p udp -s {NamespaceNetwork.AddressOf(3)} -j DROP");
        var record = await RecordAsync(
            cluster, 2, before, x => !x.Left.IsEmpty);
        Assert.Equal((ChangeDiagnosis.LinkBroken, Set(1, 3)), (record.Diagnosis, record.About));
        Assert.Contains(new BrokenLink(new(1), new(3)), record.BrokenLinks);
    }

    [NamespaceFact]
    public async Task Large_packets_that_do_not_pass_are_named()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        cluster.Network.PassSingly();
        var before = new[] { await cluster.ChangesOfAsync(1), await cluster.ChangesOfAsync(2) };
        Run(cluster, 3, "iptables -A INPUT -i net0 -p udp -m length --length 700:65535 -j DROP");
        cluster.Tell(1, "load 1200 200");
        var record = await RecordAsync(cluster, 1, before[0], x => !x.Left.IsEmpty);
        record = await FirstHandAsync(cluster, record, before);
        Assert.Equal((ChangeDiagnosis.LargeFramesLost, Set(3)), (record.Diagnosis, record.About));
        Assert.InRange(record.LackedFrameBytes!.Value, 700, 1500);
    }

    [NamespaceFact]
    public async Task A_receive_buffer_that_overflows_is_named()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var before = await cluster.ChangesOfAsync(3);
        cluster.Beside(1, "flood", NamespaceNetwork.AddressOf(3));
        cluster.Beside(2, "flood", NamespaceNetwork.AddressOf(3));
        var record = await RecordAsync(
            cluster, 3, before, x => x.Diagnosis == ChangeDiagnosis.ReceiveOverflow);
        Assert.True(record.DatagramsDropped > 0, record.Sentence);
    }

    [NamespaceFact]
    public async Task A_collector_that_stops_everything_is_named()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var before = await cluster.ChangesOfAsync(3);
        cluster.Tell(3, "collect 2500");
        var record = await RecordAsync(
            cluster, 3, before, x => x.Reason == GatherReason.StoodStill);
        Assert.Equal((ChangeDiagnosis.GarbageCollection, Set(3)), (record.Diagnosis, record.About));
        Assert.True(record.Pause!.GarbageCollection >= record.TokenTimeout, record.Sentence);
    }

    [NamespaceFact]
    public async Task A_thread_that_gets_no_core_is_named()
    {
        await using var cluster = await ShownCluster.StartAsync(3, (3, ["taskset", "-c", "0", "nice", "-n", "19"]));
        var before = await cluster.ChangesOfAsync(3);
        // Real time on one core leaves a twentieth of it to the others.
        var hog = cluster.Command(
            "timeout", "20", "chrt", "-f", "40", "taskset", "-c", "0", "sh", "-c", "while :; do :; done");
        var record = await RecordAsync(
            cluster, 3, before, x => x.Diagnosis == ChangeDiagnosis.Starved);
        hog.Kill(entireProcessTree: true);
        Assert.True(record.Pause!.WaitedForCore >= record.Pause.Length / 2, record.Sentence);
    }

    [NamespaceFact]
    public async Task A_handler_that_does_not_return_is_named()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var before = await cluster.ChangesOfAsync(1);
        // Everybody's handler blocks, and everybody says so itself.
        cluster.Tell(2, "block 2500");
        var record = await RecordAsync(
            cluster, 1, before, x => x.Reason == GatherReason.StoodStill);
        Assert.Equal((ChangeDiagnosis.HandlerBlocked, Set(1)), (record.Diagnosis, record.About));
    }

    [NamespaceFact]
    public async Task An_interface_that_is_down_is_named_by_the_member_that_has_it()
    {
        await using var cluster = await ShownCluster.StartAsync(3);
        var (here, there) = (await cluster.ChangesOfAsync(1), await cluster.ChangesOfAsync(3));
        Run(cluster, 3, "ip link set net0 down");
        var record = await RecordAsync(
            cluster, 3, there, x => !x.Left.IsEmpty);
        Assert.Equal((ChangeDiagnosis.InterfaceDown, Set(3)), (record.Diagnosis, record.About));
        record = await RecordAsync(
            cluster, 1, here, x => !x.Left.IsEmpty);
        Assert.Equal((ChangeDiagnosis.MemberSilent, Set(3)), (record.Diagnosis, record.About));
    }

    /// <summary>The record that a member writes, and its sentence for whoever reads the test's output.</summary>
    private async Task<ChangeRecord> RecordAsync(
        ShownCluster cluster, uint node, long after, Func<ChangeRecord, bool> condition)
    {
        var record = await cluster.WaitForChangeAsync(node, after, condition);
        output.WriteLine($"node {node}: {record}");
        return record;
    }

    /// <summary>A record that names another member as the one that gave somebody up sends its reader there.</summary>
    private async Task<ChangeRecord> FirstHandAsync(ShownCluster cluster, ChangeRecord record, long[] before) =>
        record.Diagnosis != ChangeDiagnosis.GivenUp ? record : await RecordAsync(
            cluster, record.NoticedBy.Value, before[record.NoticedBy.Value - 1], x => !x.Left.IsEmpty);

    private static void Run(ShownCluster cluster, uint node, string command) =>
        SystemCommand.Run($"{string.Join(' ', cluster.Network.WrapperOf(node))} {command}");

    private static ProcessorSet Set(params uint[] nodes) =>
        ProcessorSet.Of([.. nodes.Select(x => new ProcessorId(x))]);
}
