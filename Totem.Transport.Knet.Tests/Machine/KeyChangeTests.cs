using System.Buffers.Binary;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Tests.Captures;
using Totem.Transport.Knet.Tests.Simulation;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Tests.Machine;

/// <summary>A change of keys, led by the ring's order (KNET §17.3).</summary>
public sealed class KeyChangeTests
{
    private static readonly CipherSuite Usual = new(KnetCipher.Aes256, KnetHash.Sha256);

    [Fact]
    public void Three_members_change_their_keys_one_step_after_the_other_and_never_lose_each_other()
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(4)));
        var changes = cluster.Nodes.Select(x => new KeyChange(x.Machine!)).ToArray();
        for (var i = 0; i < 3; i++)
            changes[i].HandleReload(cluster.Nodes[i].Keys(Usual, cluster.Key(1)));
        AssertAllHear(cluster);

        // One order, in which each member's step is delivered by all; the others' steps move nobody.
        foreach (var (member, phase) in ((int, uint)[])[(1, 1), (0, 1), (0, 2), (2, 1), (1, 2), (2, 2)])
        {
            var message = new byte[KeyChange.MessageBytes];
            Assert.True(changes[member].HasMessage);
            changes[member].TakeMessage(message);
            Assert.Equal(phase, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(16)));
            for (var i = 0; i < 3; i++)
                Assert.True(changes[i].HandleDelivered(message, cluster.Nodes[member].Id));
            cluster.RunFor(TimeSpan.FromSeconds(0.1));
        }

        Assert.All(cluster.Nodes, x => Assert.Equal(RekeyPhase.Settled, x.Machine!.RekeyPhase));
        Assert.All(changes, x => Assert.False(x.HasMessage));
        AssertAllHear(cluster);
        Assert.True(cluster.IsWhole());
    }

    [Fact]
    public void A_step_that_nobody_has_asked_for_changes_nothing()
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        var change = new KeyChange(cluster.Node(1).Machine!);
        foreach (var phase in (uint[])[0, 1, 2, 3])
        {
            var message = new byte[KeyChange.MessageBytes];
            BinaryPrimitives.WriteInt32LittleEndian(message, 0x0001_0004);
            BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(16), phase);
            Assert.Equal(phase is 1 or 2, change.HandleDelivered(message, sender: 1));
        }

        Assert.False(change.HandleDelivered(new byte[10], sender: 1));
        Assert.Equal(RekeyPhase.Settled, cluster.Node(1).Machine!.RekeyPhase);
    }

    /// <summary>Two members are done before the third, which has much else to send, comes to
    /// announce anything.</summary>
    [Fact]
    public void A_member_that_lags_is_heard_until_it_has_switched()
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(4)));
        var changes = Changes(cluster);
        for (var i = 0; i < 3; i++)
            changes[i].HandleReload(cluster.Nodes[i].Keys(Usual, cluster.Key(1)));
        Announce(changes, 0, 1);
        Announce(changes, 1, 1);
        AssertAllHear(cluster);

        // With somebody's phase 2 it switches, since a daemon would hear it no more, and what it announces comes later.
        Assert.Equal(RekeyPhase.Loaded, cluster.Node(3).Machine!.RekeyPhase);
        Announce(changes, 0, 2);
        Assert.Equal(RekeyPhase.Switched, cluster.Node(3).Machine!.RekeyPhase);
        Announce(changes, 1, 2);
        Assert.Equal(RekeyPhase.Switched, cluster.Node(1).Machine!.RekeyPhase);
        AssertAllHear(cluster);
        Announce(changes, 2, 1);
        Announce(changes, 2, 2);
        Assert.All(cluster.Nodes, x => Assert.Equal(RekeyPhase.Settled, x.Machine!.RekeyPhase));
        AssertAllHear(cluster);
    }

    [Fact]
    public void Nobody_waits_for_a_member_that_has_left_nor_for_longer_than_the_host_wants()
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(4)));
        var changes = Changes(cluster);
        for (var i = 0; i < 3; i++)
            changes[i].HandleReload(cluster.Nodes[i].Keys(Usual, cluster.Key(1)));
        foreach (var (member, phase) in ((int, uint)[])[(0, 1), (1, 1), (0, 2), (1, 2)])
            Announce(changes, member, phase);
        changes[0].HandleMembers([1, 2]);
        Assert.Equal(RekeyPhase.Settled, cluster.Node(1).Machine!.RekeyPhase);
        Assert.Equal(RekeyPhase.Switched, cluster.Node(2).Machine!.RekeyPhase);
        changes[1].HandleDeadline(cluster.Now);
        changes[1].HandleDeadline(cluster.Now + (KeyChange.Patience - TimeSpan.FromMilliseconds(1)));
        Assert.Equal(RekeyPhase.Switched, cluster.Node(2).Machine!.RekeyPhase);
        changes[1].HandleDeadline(cluster.Now + KeyChange.Patience);
        Assert.Equal(RekeyPhase.Settled, cluster.Node(2).Machine!.RekeyPhase);
    }

    /// <summary>Seed 7014985 of the simulation: the others had announced their steps before this member was done with
    /// the change before.</summary>
    [Fact]
    public void The_change_that_waited_has_a_patience_of_its_own()
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        using var change = new KeyChange(cluster.Node(1).Machine!);
        var now = cluster.Now;
        change.HandleMembers([1, 2]);
        for (var key = 1; key >= 0; key--)
            change.HandleReload(cluster.Nodes[0].Keys(Usual, cluster.Key(key)));
        for (var each = 0; each < 2; each++)
        {
            foreach (var phase in (uint[])[1, 2])
                change.HandleStep(phase, 1);
            Assert.Equal(RekeyPhase.Switched, cluster.Node(1).Machine!.RekeyPhase);
            change.HandleDeadline(now);
            now += KeyChange.Patience;
            change.HandleDeadline(now);
        }

        Assert.Equal(RekeyPhase.Settled, cluster.Node(1).Machine!.RekeyPhase);
    }

    /// <summary>The others, daemons, have forgotten the old keys while it read its file, and their steps were lost to
    /// it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_member_that_was_late_follows_those_it_hears_with_the_next_keys(bool isLate)
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(4)));
        for (var i = 0; i < 2; i++)
        {
            using var change = new KeyChange(cluster.Nodes[i].Machine!);
            change.HandleReload(cluster.Nodes[i].Keys(Usual, cluster.Key(1)));
            foreach (var phase in (uint[])[1, 2])
                change.HandleStep(phase, cluster.Nodes[i].Id);
            Assert.Equal(RekeyPhase.Settled, cluster.Nodes[i].Machine!.RekeyPhase);
        }

        using var late = new KeyChange(cluster.Nodes[2].Machine!);
        late.HandleReload(cluster.Nodes[2].Keys(Usual, cluster.Key(1)), isLate);
        late.Follow();
        Assert.Equal(RekeyPhase.Loaded, cluster.Nodes[2].Machine!.RekeyPhase);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        late.Follow();
        Assert.Equal(isLate ? RekeyPhase.Switched : RekeyPhase.Loaded, cluster.Nodes[2].Machine!.RekeyPhase);
        Assert.True(late.HasMessage);
    }

    /// <summary>The machine reads two keys. A member that is still at the first change would not be heard.</summary>
    [Fact]
    public void The_next_change_waits_for_the_end_of_this_one()
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(4)));
        var changes = Changes(cluster);
        foreach (var key in (int[])[1, 0])
        {
            for (var i = 0; i < 3; i++)
                changes[i].HandleReload(cluster.Nodes[i].Keys(Usual, cluster.Key(key)));
        }

        foreach (var (member, phase) in ((int, uint)[])[(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)])
        {
            Announce(changes, member, phase);
            AssertAllHear(cluster);
        }

        Assert.All(cluster.Nodes, x => Assert.Equal(RekeyPhase.Loaded, x.Machine!.RekeyPhase));
        foreach (var (member, phase) in ((int, uint)[])[(2, 1), (1, 1), (0, 1), (2, 2), (1, 2), (0, 2)])
        {
            Announce(changes, member, phase);
            AssertAllHear(cluster);
        }

        Assert.All(cluster.Nodes, x => Assert.Equal(RekeyPhase.Settled, x.Machine!.RekeyPhase));
    }

    /// <summary>A member that started with the new file is told to read it: the others wait for its word too.</summary>
    [Fact]
    public void A_member_that_has_the_keys_announces_them_all_the_same()
    {
        using var cluster = new KnetCluster(new KnetSetup { Suite = Usual }, 9).StartAll();
        var change = Changes(cluster)[0];
        change.HandleKnownReload();
        foreach (var phase in (uint[])[1, 2])
        {
            var message = new byte[KeyChange.MessageBytes];
            Assert.True(change.HasMessage);
            change.TakeMessage(message);
            Assert.Equal(phase, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(16)));
            Assert.True(change.HandleDelivered(message, sender: 1));
        }

        Assert.False(change.HasMessage);
        Assert.Equal(RekeyPhase.Settled, cluster.Node(1).Machine!.RekeyPhase);
    }

    /// <summary>The real daemons' messages are ours: found in the captured change of keys, in both phases, from each of
    /// the three.</summary>
    [Fact]
    public void The_messages_are_those_of_real_daemons()
    {
        var capture = KnetCapture.Named("g-rekey");
        using var seals = new CaptureSeals(capture);
        var found = new HashSet<(ushort Node, uint Phase)>();
        var pattern = new byte[] { 4, 0, 1, 0 };
        foreach (var captured in capture.Packets)
        {
            DataHeader.TryRead(seals.Open(captured.Payload), out var data, out var payload);
            for (var at = payload.IndexOf(pattern); at >= 0 && payload.Length >= at + KeyChange.MessageBytes; at = -1)
            {
                Assert.Equal(KeyChange.MessageBytes, BinaryPrimitives.ReadInt32LittleEndian(payload[(at + 8)..]));
                found.Add((data.Header.Node, BinaryPrimitives.ReadUInt32LittleEndian(payload[(at + 16)..])));
            }
        }

        Assert.Equal(
            [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)], found.Select(x => ((int)x.Node, (int)x.Phase)).Order());
    }

    private static KeyChange[] Changes(KnetCluster cluster)
    {
        KeyChange[] changes = [.. cluster.Nodes.Select(x => new KeyChange(x.Machine!))];
        foreach (var change in changes)
            change.HandleMembers(cluster.Nodes.Select(x => x.Id));
        return changes;
    }

    /// <summary>A member's announcement is delivered at all.</summary>
    private static void Announce(KeyChange[] changes, int member, uint phase)
    {
        var message = new byte[KeyChange.MessageBytes];
        Assert.True(changes[member].HasMessage, $"{member + 1} has nothing to announce");
        changes[member].TakeMessage(message);
        Assert.Equal(phase, BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(16)));
        foreach (var change in changes)
            Assert.True(change.HandleDelivered(message, (ushort)(member + 1)));
    }

    private static void AssertAllHear(KnetCluster cluster)
    {
        foreach (var node in cluster.Nodes)
        {
            var serial = cluster.Send(node.Id, 0, 3000);
            cluster.RunFor(TimeSpan.FromMilliseconds(5));
            Assert.All(cluster.Nodes.Where(x => x != node), x => Assert.True(
                cluster.Ledger.IsDelivered(x.Id, x.Life, node.Id, serial)));
        }
    }
}
