using System.Net;
using System.Net.Sockets;
using Totem.Transport.Knet.Keys;

namespace Totem.Transport.Udp.Tests.Knet;

/// <summary>Reloads on a running ring (KNET §17): of links, of members, of what cannot change, and of what cannot be
/// read.</summary>
public sealed class ReloadTests
{
    private const int Reloaded = 1029;
    private const int ReloadFailed = 1030;
    private const int ReloadKeeps = 1032;
    private const int LinkUp = 1020;

    private static readonly uint[] Three = [1, 2, 3];

    [Theory]
    [InlineData(DatagramPath.Auto)]
    [InlineData(DatagramPath.Portable)]
    public async Task A_second_link_is_opened_the_first_moves_and_goes_and_nobody_notices(DatagramPath path)
    {
        await using var ring = new KnetRing();
        ring.Wanted = ring.Transport(Three, 0) with { Path = path };
        await ring.StartAsync(Three);
        await ring.TogetherAsync();
        var views = ring.ViewChanges();

        ring.Wanted = ring.Transport(Three, 0, 1);
        await ring.ReloadAsync();
        await ring.LoggedAsync(LinkUp, "link 1 to node", Three);
        await ring.ExchangeAsync(100);

        // Link 0 is on another network now, and another socket.
        ring.Wanted = ring.Wanted with
        {
            Knet = ring.Wanted.Knet with { Links = [ring.Link(Three, 0, network: 5), ring.Link(Three, 1)] },
        };
        await ring.ReloadAsync(by: 3);
        await ring.ExchangeAsync(100);
        Assert.All(Three, x => Assert.Contains(ring.Lines(x, Reloaded), y => y.Contains(
            $"link 0 is at {KnetRing.AddressOf(x, 5)}", StringComparison.Ordinal)));

        ring.Wanted = ring.Transport(Three, 1);
        await ring.ReloadAsync(by: 2);
        await ring.ExchangeAsync(100);
        Assert.All(Three, x => Assert.Contains(ring.Lines(x, Reloaded), y => y.Contains(
            "link 0 is closed", StringComparison.Ordinal)));

        Assert.Equal(views, ring.ViewChanges());
        // The address is free again, so the socket is closed.
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(KnetRing.AddressOf(1, 5), ring.Port));
    }

    [Fact]
    public async Task A_node_that_a_reload_adds_joins_and_one_that_it_removes_is_heard_no_more()
    {
        await using var ring = new KnetRing();
        ring.Wanted = ring.Transport([1, 2], 0, 1);
        await ring.StartAsync(1, 2);
        await ring.TogetherAsync();

        ring.Wanted = ring.Transport(Three, 0, 1);
        await ring.ReloadAsync();
        await ring.StartAsync(3);
        await ring.TogetherAsync();
        await ring.ExchangeAsync(20);
        Assert.Contains(ring.Lines(1, Reloaded), x => x.Contains("node 3 may join", StringComparison.Ordinal));

        ring.Wanted = ring.Transport([1, 2], 0, 1);
        await ring.ReloadAsync(by: 2);
        await ring.TogetherAsync(1, 2);
        // Its own file names it no more, so it goes on with the one before, alone.
        await ring.LoggedAsync(ReloadFailed, "no entry for this processor (3)", 3);
        await ring.TogetherAsync(3);
        Assert.Contains(ring.Lines(1, Reloaded), x => x.Contains("node 3 is no member", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_running_member_cannot_change_it_keeps_and_says_so_and_takes_the_rest()
    {
        await using var ring = new KnetRing();
        ring.Wanted = ring.Transport(Three, 0);
        await ring.StartAsync(1, 2);
        await ring.TogetherAsync();
        var views = ring.ViewChanges();

        ring.WriteKey();
        var wanted = ring.Transport(Three, 0, 1);
        ring.Wanted = wanted with
        {
            Knet = wanted.Knet with { Aead = AeadRule.Refused, Policy = LinkPolicy.Active },
        };
        await ring.ReloadAsync();

        await ring.LoggedAsync(ReloadKeeps, "aead Preferred, though the configuration says Refused", 1, 2);
        await ring.LoggedAsync(ReloadKeeps, "link mode Passive, though the configuration says Active", 1, 2);
        await ring.LoggedAsync(LinkUp, "link 1 to node", 1, 2);
        await ring.ExchangeAsync(100);
        Assert.Equal(views, ring.ViewChanges());
        // Only the key of now lets a third one in.
        ring.Wanted = wanted;
        await ring.StartAsync(3);
        await ring.TogetherAsync();
    }

    [Fact]
    public async Task A_reload_that_cannot_be_used_changes_nothing()
    {
        await using var ring = new KnetRing();
        ring.Wanted = ring.Transport(Three, 0);
        await ring.StartAsync(Three);
        await ring.TogetherAsync();
        var views = ring.ViewChanges();
        using var occupant = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        occupant.Bind(new IPEndPoint(KnetRing.AddressOf(2, 1), ring.Port));
        var before = ring.Wanted;

        (string Failure, UdpTransportOptions Wanted)[] reloads =
        [
            ($"cannot bind to {KnetRing.AddressOf(2, 1)}", ring.Transport(Three, 0, 1)),
            ("expected Knet: a running member keeps it", before with { Kind = UdpTransportKind.Unicast }),
            ("expected a hash beside a cipher", before with { Knet = before.Knet with { Hash = PacketHash.None } }),
            ("/no/such/key", before with { Knet = before.Knet with { KeyFile = "/no/such/key" } }),
        ];
        foreach (var (failure, wanted) in reloads)
        {
            ring.Change(2, _ => wanted);
            await ring.ReloadAsync();
            await ring.LoggedAsync(ReloadFailed, failure, 2);
        }

        ring.Change(2, _ => throw new InvalidOperationException("a program's own reader"));
        await ring.ReloadAsync();
        await ring.LoggedAsync(ReloadFailed, "a program's own reader", 2);

        await ring.ExchangeAsync(50);
        Assert.Equal(views, ring.ViewChanges());
        // Nothing of it has stayed open: once the address is free, the same reload is taken.
        occupant.Dispose();
        ring.Wanted = ring.Transport(Three, 0, 1);
        ring.Change(2, x => x);
        await ring.ReloadAsync();
        await ring.LoggedAsync(LinkUp, "link 1 to node", Three);
    }

    [Fact]
    public async Task While_a_member_reads_slowly_the_ring_goes_on_and_the_change_of_keys_waits_for_it()
    {
        await using var ring = new KnetRing();
        ring.Wanted = ring.Transport(Three, 0);
        await ring.StartAsync(1, 2);
        await ring.TogetherAsync();
        var views = ring.ViewChanges();
        using var mayRead = new ManualResetEventSlim();
        ring.Change(2, x =>
        {
            mayRead.Wait(ring.Limit);
            return x;
        });

        await ring[1].ReloadAsync(ring.Limit);
        await ring.LoggedAsync(Reloaded, "nothing has changed", 1);
        await ring.ExchangeAsync(300);
        Assert.Empty(ring.Lines(2, Reloaded));

        // A second one is given while the first is being read: they come one after the other.
        await ring[1].ReloadAsync(ring.Limit);
        await ring.ExchangeAsync(50);
        mayRead.Set();
        await ring.UntilAsync(() => ring.Lines(2, Reloaded).Count() == 2, "second reload");

        // Another key: the first member seals with it before the second has read it.
        mayRead.Reset();
        ring.WriteKey();
        await ring[1].ReloadAsync(ring.Limit);
        await ring.UntilAsync(() => KnetRing.PhaseOf(ring[1]) == RekeyPhase.Switched, "step of the first member");
        mayRead.Set();
        await ring.UntilAsync(() => ring.Lines(2, Reloaded).Count() == 3, "third reload");
        await ring.ExchangeAsync(300);
        Assert.Equal(views, ring.ViewChanges());
        await ring.StartAsync(3);
        await ring.TogetherAsync();
    }
}
