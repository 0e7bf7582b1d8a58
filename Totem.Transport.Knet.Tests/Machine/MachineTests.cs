using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Tests.Simulation;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Tests.Machine;

/// <summary>Small clusters and what they do, one rule each.</summary>
public sealed class MachineTests
{
    private static readonly CipherSuite Usual = new(KnetCipher.Aes256, KnetHash.Sha256);
    private static readonly TimeSpan UpLimit = TimeSpan.FromSeconds(4);

    [Fact]
    public void Links_are_up_after_three_pongs_and_messages_of_all_sizes_arrive()
    {
        using var cluster = Whole(new KnetSetup { Suite = Usual });
        foreach (var bytes in (int[])[16, 100, 1397, 1398, 20_000, 65_536])
        {
            AssertHeardByAll(cluster, 1, bytes);
            AssertHeard(cluster, 2, 3, bytes);
        }
    }

    [Fact]
    public void Packets_grow_to_what_the_path_carries()
    {
        using var cluster = Whole(new KnetSetup { Suite = Usual });
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.All(cluster.Nodes, x => Assert.Equal(1397, x.Machine!.DataBytes));
    }

    [Fact]
    public void A_killed_process_is_known_by_its_closed_port()
    {
        using var cluster = Whole(new KnetSetup());
        cluster.RunFor(TimeSpan.FromSeconds(15));
        cluster.Stop(3);
        Assert.True(cluster.RunUntil(() => !cluster.Node(1).Machine!.IsReachable(3), TimeSpan.FromSeconds(1.3)));
        Assert.Contains(cluster.Node(1).Events, x => x is { Kind: KnetEventKind.LinkRefused, Peer: 3 });
        Assert.True(cluster.Node(1).Machine!.IsReachable(2));
    }

    /// <summary>Two links, passive: the one with the higher priority, the other one when it is cut, and back.</summary>
    [Fact]
    public void Passive_takes_the_better_link_and_returns_to_it()
    {
        using var cluster = Whole(new KnetSetup { LinkCount = 2, NodeCount = 2 });
        cluster.RunFor(TimeSpan.FromSeconds(15));
        Assert.Equal(1, LinkOfAMessage(cluster));
        SetCut(cluster, 1, true);
        Assert.True(cluster.RunUntil(() => !cluster.Node(1).Machine!.IsLinkUp(2, 1), TimeSpan.FromSeconds(5)));
        Assert.Equal(0, LinkOfAMessage(cluster));
        Assert.True(cluster.IsWhole());
        SetCut(cluster, 1, false);
        Assert.True(cluster.RunUntil(() => cluster.Node(1).Machine!.IsLinkUp(2, 1), UpLimit));
        Assert.Equal(1, LinkOfAMessage(cluster));
        Assert.DoesNotContain(cluster.Node(1).Events, x => x.Kind == KnetEventKind.PeerUnreachable);
    }

    /// <summary>
    /// A link that has been up for two seconds may be silent for 16 s before it is down. A token waits for less, so
    /// messages take the other one before that, and come back when it answers.
    /// </summary>
    [Theory]
    [InlineData((int)LinkMode.Passive)]
    [InlineData((int)LinkMode.RoundRobin)]
    public void A_young_link_that_does_not_answer_is_passed_over(int mode)
    {
        using var cluster = Whole(new KnetSetup { LinkCount = 2, NodeCount = 2, Mode = (LinkMode)mode });
        Assert.Contains(1, (int[])[LinkOfAMessage(cluster), LinkOfAMessage(cluster)]);
        SetCut(cluster, 1, true);
        cluster.RunFor(TimeSpan.FromSeconds(2.1));
        Assert.True(cluster.Node(1).Machine!.IsLinkUp(2, 1));
        Assert.Equal([0, 0, 0], (int[])[LinkOfAMessage(cluster), LinkOfAMessage(cluster), LinkOfAMessage(cluster)]);
        SetCut(cluster, 1, false);
        cluster.RunFor(TimeSpan.FromSeconds(1.2));
        Assert.Contains(1, (int[])[LinkOfAMessage(cluster), LinkOfAMessage(cluster)]);
    }

    [Fact]
    public void Links_of_which_none_answers_are_used_all_the_same()
    {
        using var cluster = Whole(new KnetSetup { LinkCount = 2, NodeCount = 2 });
        SetCut(cluster, 0, true);
        SetCut(cluster, 1, true);
        cluster.RunFor(TimeSpan.FromSeconds(2.1));
        Assert.Equal(1, LinkOfAMessage(cluster));
    }

    /// <summary>The ring sends its token again when nothing comes back.</summary>
    [Fact]
    public void A_message_that_is_sent_again_takes_every_link()
    {
        using var cluster = Whole(new KnetSetup { LinkCount = 2, NodeCount = 3 });
        SetCut(cluster, 1, true);
        var token = cluster.Ledger.Write(1, 2, 71);
        var links = new List<int[]>();
        for (var i = 0; i < 2; i++)
        {
            cluster.Recorded.Clear();
            cluster.Do(1, x => Assert.True(x.Send(token, 2, cluster.Now)));
            links.Add([.. cluster.Recorded.Select(x => x.Link)]);
        }

        Assert.Equal([[1], [0, 1]], links);
        cluster.RunFor(TimeSpan.FromMilliseconds(5));
        Assert.True(cluster.Ledger.IsDelivered(2, 1, 1, cluster.Ledger.LastSerial));
        Assert.Equal(1, LinkOfAMessage(cluster));
    }

    /// <summary>The copies of a packet on several links have one counter. One that comes over a link that is not ours
    /// any more must not make a replay of the others.</summary>
    [Theory]
    [InlineData((int)NodeFormat.Libknet)]
    [InlineData((int)NodeFormat.Aead)]
    public void A_copy_on_a_link_that_is_removed_takes_nothing_from_the_others(int format)
    {
        using var cluster = Whole(new KnetSetup
        {
            Suite = Usual, NodeCount = 2, LinkCount = 2, Mode = LinkMode.Active, Format = (NodeFormat)format,
        });
        var options = cluster.Setup.Options(2);
        cluster.Do(2, x => x.HandleReload(
            options with { Peers = [options.Peers[0] with { Links = [options.Peers[0].Links[1]] }] }, cluster.Now));
        AssertHeard(cluster, 1, 2, 100);
        AssertHeardByAll(cluster, 1, 20_000);
    }

    /// <summary>Else it would be noticed by the next search, up to 30 s later, and no large message
    /// would arrive until then.</summary>
    [Fact]
    public void A_path_that_becomes_narrower_without_a_word_is_noticed_while_it_matters()
    {
        using var cluster = Whole(new KnetSetup { Suite = Usual, NodeCount = 2 });
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(1397, cluster.Node(1).Machine!.DataBytes);
        cluster.Path(1, 2, 0).IpBytes = 1300;
        cluster.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(1397, cluster.Node(1).Machine!.DataBytes);
        cluster.Send(1, 2, 3000);
        cluster.RunFor(TimeSpan.FromSeconds(2));
        Assert.InRange(cluster.Node(1).Machine!.DataBytes, 1, 1200);
        AssertHeard(cluster, 1, 2, 3000);
        Assert.Equal(1397, cluster.Node(2).Machine!.DataBytes);
    }

    /// <summary>A token must not be had by two.</summary>
    [Theory]
    [InlineData((int)NodeFormat.Libknet)]
    [InlineData((int)NodeFormat.Both)]
    [InlineData((int)NodeFormat.Aead)]
    public void A_message_for_one_member_is_no_other_members(int format)
    {
        using var cluster = Whole(new KnetSetup { Suite = Usual, NodeCount = 3, Format = (NodeFormat)format });
        cluster.RunFor(TimeSpan.FromSeconds(2));
        cluster.Recorded.Clear();
        cluster.Send(1, 2, 71);
        cluster.Inject(1, 3, 0, Assert.Single(cluster.Recorded).Datagram, TimeSpan.Zero);
        cluster.RunFor(TimeSpan.FromMilliseconds(5));
        Assert.Equal(1, cluster.Node(3).Machine!.Counters[KnetDiscard.Misdirected]);
        Assert.True(cluster.Ledger.IsDelivered(2, 1, 1, cluster.Ledger.LastSerial));
    }

    [Fact]
    public void Active_takes_all_links_and_the_copy_is_a_duplicate()
    {
        using var cluster = Whole(new KnetSetup { LinkCount = 2, NodeCount = 2, Mode = LinkMode.Active });
        AssertHeardByAll(cluster, 1, 20_000);
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(cluster.Node(2).Machine!.Counters[KnetDiscard.Duplicate] > 0);
        SetCut(cluster, 0, true);
        AssertHeardByAll(cluster, 1, 20_000);
    }

    [Fact]
    public void Round_robin_takes_the_links_in_turn()
    {
        using var cluster = Whole(new KnetSetup { LinkCount = 3, NodeCount = 2, Mode = LinkMode.RoundRobin });
        var first = LinkOfAMessage(cluster);
        Assert.Equal([(first + 1) % 3, (first + 2) % 3, first],
            (int[])[LinkOfAMessage(cluster), LinkOfAMessage(cluster), LinkOfAMessage(cluster)]);
    }

    [Fact]
    public void A_message_to_nobody_who_can_be_reached_goes_nowhere()
    {
        using var cluster = new KnetCluster(new KnetSetup(), 1);
        cluster.StartAll();
        Assert.Equal(0u, cluster.Send(1, 0, 100));
        Assert.Equal(0u, cluster.Send(1, 2, 100));
        Assert.Equal(0, cluster.Node(1).Machine!.Counters.Sent);
    }

    [Fact]
    public void A_restarted_peer_is_heard_from_its_first_message_on()
    {
        using var cluster = Whole(new KnetSetup { NodeCount = 2 });
        for (var i = 0; i < 50; i++)
            AssertHeardByAll(cluster, 2, 100);
        cluster.RunFor(TimeSpan.FromSeconds(2));
        cluster.Stop(2);
        cluster.RunFor(TimeSpan.FromMilliseconds(300));
        cluster.Start(2);
        Assert.True(cluster.RunUntil(cluster.IsWhole, TimeSpan.FromSeconds(6)));
        for (var i = 0; i < 50; i++)
            AssertHeardByAll(cluster, 2, 100);
    }

    /// <summary>
    /// A link is down for a moment, and data brings it up again: a copy of what was delivered before is still a
    /// duplicate. libknet has forgotten it (docs/design/knet.md, "Where we differ from libknet, on purpose").
    /// </summary>
    [Fact]
    public void A_late_copy_is_no_message_when_the_link_was_down_for_a_moment()
    {
        using var cluster = Whole(new KnetSetup { NodeCount = 2 });
        cluster.RunFor(TimeSpan.FromSeconds(1));
        AssertHeard(cluster, 2, 1, 100);
        var copy = cluster.Recorded.Last(x => x.From == 2 && x.Datagram[0] == 1
            && x.Datagram[1] == (byte)PacketType.Data).Datagram;
        cluster.Recorded.Clear();
        Assert.True(cluster.RunUntil(
            () => cluster.Recorded.Any(x => x.From == 1 && x.Datagram[1] == (byte)PacketType.Ping),
            TimeSpan.FromSeconds(2)));
        // The next ping leaves a second after the last one; its pong is back long before a second
        // without a link has passed.
        cluster.RunFor(TimeSpan.FromMilliseconds(700));
        cluster.Do(1, x => x.HandleRefused(2, 0, cluster.Now));
        Assert.False(cluster.Node(1).Machine!.IsReachable(2));
        cluster.RunFor(TimeSpan.FromMilliseconds(350));
        cluster.Inject(2, 1, 0, copy, TimeSpan.Zero);
        cluster.RunFor(TimeSpan.FromMilliseconds(1));
        Assert.True(cluster.Node(1).Machine!.IsReachable(2));
        Assert.Equal(1, cluster.Node(1).Machine!.Counters[KnetDiscard.Duplicate]);
    }

    [Fact]
    public void Packets_without_the_key_change_nothing()
    {
        using var cluster = Whole(new KnetSetup { Suite = Usual, NodeCount = 2 });
        var machine = cluster.Node(1).Machine!;
        cluster.Inject(2, 1, 0, [1, 0x81, 0, 2, 0, 0, 0, .. new byte[19]], TimeSpan.Zero);
        cluster.RunFor(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, machine.Counters[KnetDiscard.NotAuthentic]);
    }

    /// <summary>Each is dropped for its reason (KNET §6).</summary>
    [Theory]
    [InlineData("02810002000000", nameof(KnetDiscard.UnknownVersion))]
    [InlineData("0181", nameof(KnetDiscard.TooShort))]
    [InlineData("01810001000000", nameof(KnetDiscard.OwnId))]
    [InlineData("01810009000000", nameof(KnetDiscard.UnknownPeer))]
    [InlineData("01850002000000", nameof(KnetDiscard.UnknownType))]
    [InlineData("01010002000000", nameof(KnetDiscard.UnknownType))]
    [InlineData("01810002000005", nameof(KnetDiscard.UnknownLink))]
    [InlineData("018100020000ff", nameof(KnetDiscard.UnknownLink))]
    [InlineData("01810003000000", nameof(KnetDiscard.WrongAddress))]
    [InlineData("01000003000000", nameof(KnetDiscard.WrongAddress))]
    [InlineData("01810002000000", nameof(KnetDiscard.TooShort))]
    [InlineData("01830002000000", nameof(KnetDiscard.TooShort))]
    [InlineData("01000002000000", nameof(KnetDiscard.TooShort))]
    [InlineData("0100000200000005000001000001aa", nameof(KnetDiscard.UnknownChannel))]
    [InlineData("0100000200000005000001000080aa", nameof(KnetDiscard.UnknownChannel))]
    [InlineData("0100000200000005000001020000aa", nameof(KnetDiscard.BadFragment))]
    [InlineData("0100000200000005000001020300aa", nameof(KnetDiscard.BadFragment))]
    [InlineData("0100000200000005020001010000aa", nameof(KnetDiscard.UnknownCompression))]
    [InlineData("0100000200000005010001010000aa", nameof(KnetDiscard.BadCompression))]
    [InlineData("", nameof(KnetDiscard.BadLength))]
    public void A_packet_is_dropped_for_its_reason(string hex, string reason)
    {
        using var cluster = Whole(new KnetSetup());
        var counters = cluster.Node(1).Machine!.Counters;
        var before = counters[Enum.Parse<KnetDiscard>(reason)];
        cluster.Inject(2, 1, 0, Convert.FromHexString(hex), TimeSpan.Zero);
        cluster.RunFor(TimeSpan.FromTicks(1));
        Assert.Equal(before + 1, counters[Enum.Parse<KnetDiscard>(reason)]);
    }

    [Fact]
    public void Options_that_contradict_themselves_are_refused_all_at_once()
    {
        var options = new KnetSetup().Options(1);
        var wrong = options with { Self = 2, FixedIpBytes = 100, Compression = Knet.Sequence.CompressionMethod.Lz4 };
        var problems = wrong.Problems();
        Assert.Equal(3, problems.Count);
        Assert.Throws<ArgumentException>(
            () => new KnetMachine(wrong, KeySet.OfLibknet(null), new RandomPool(_ => { })));
        Assert.Empty(options.Problems());
    }

    private static KnetCluster Whole(KnetSetup setup)
    {
        var cluster = new KnetCluster(setup, 5).StartAll();
        Assert.True(cluster.RunUntil(cluster.IsWhole, UpLimit));
        return cluster;
    }

    private static void SetCut(KnetCluster cluster, int link, bool isCut)
    {
        foreach (var path in cluster.AllPaths().Where(x => x.Link == link))
            cluster.Path(path.From, path.To, path.Link).IsCut = isCut;
    }

    private static int LinkOfAMessage(KnetCluster cluster)
    {
        cluster.Recorded.Clear();
        cluster.Send(1, 2, 100);
        return Assert.Single(cluster.Recorded).Link;
    }

    private static void AssertHeardByAll(KnetCluster cluster, int from, int bytes) =>
        AssertHeard(cluster, from, 0, bytes);

    private static void AssertHeard(KnetCluster cluster, int from, int to, int bytes)
    {
        var serial = cluster.Send(from, to, bytes);
        cluster.RunFor(TimeSpan.FromMilliseconds(5));
        foreach (var node in cluster.Nodes.Where(x => to == 0 ? x.Id != from : x.Id == to))
            Assert.True(cluster.Ledger.IsDelivered(node.Id, node.Life, (ushort)from, serial),
                $"{node.Id} did not get {bytes} bytes");
    }
}
