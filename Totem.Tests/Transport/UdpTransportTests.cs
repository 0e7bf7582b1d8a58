using System.Net;
using System.Net.Sockets;
using System.Text;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Transports;
using Totem.Transport.Udp.Transports.Plain;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Real sockets on the loopback interface, both paths; a wait ends when what is waited for has come.</summary>
public sealed class UdpTransportTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    public static TheoryData<DatagramPath> Paths => OperatingSystem.IsLinux()
        ? [DatagramPath.LinuxBatches, DatagramPath.Portable]
        : [DatagramPath.Portable];

    private static ProcessorId P(uint id) => new(id);

    private static UdpTransport Loopback(
        DatagramPath path, int port, uint id = 0, DatagramFilter? filter = null, int probe = 25)
        => UdpTransport.Open(
            new UdpTransportOptions
            {
                Kind = UdpTransportKind.Loopback, LoopbackPort = port, Path = path, ReceiveFilter = filter,
                ProbeInterval = TimeSpan.FromMilliseconds(probe),
            },
            P(id), new NodeCounters());

    private static void Send(
        UdpTransport transport, ProcessorId destination, string text, FrameKind kind = FrameKind.Join)
    {
        // The fourth byte is the frame's kind, the only thing that a transport looks at.
        byte[] frame = [0, 0, 0, (byte)kind, .. Encoding.ASCII.GetBytes(text)];
        frame.CopyTo(transport.NextFrame);
        transport.Send(new Transmit(destination, frame.Length), default);
        transport.Flush();
    }

    private static string Receive(UdpTransport transport)
    {
        for (var tries = 0; tries < 1000; tries++)
        {
            if (transport.TryReceive(out var frame))
                return Encoding.ASCII.GetString(frame[4..]);
            transport.Wait(Long);
        }

        throw new InvalidOperationException("nothing came");
    }

    /// <param name="transport">The one that looks.</param>
    /// <param name="successor">Its successor; nobody while there is no ring.</param>
    /// <param name="members">Those on the ring.</param>
    private static ProcessorId Unreachable(
        UdpTransport transport, ProcessorId successor = default, ProcessorSet? members = null)
    {
        for (var tries = 0; tries < 1000; tries++)
        {
            if (transport.TryTakeUnreachable(default, out var who))
                return who;
            transport.ProbeIfQuiet(
                successor, members ?? ProcessorSet.Empty, new Instant(tries * TimeSpan.TicksPerSecond));
            transport.Wait(TimeSpan.FromMilliseconds(1));
        }

        throw new InvalidOperationException("nobody is unreachable");
    }

    [Fact]
    public void Processes_take_the_lowest_free_slots_and_a_slot_can_be_asked_for()
    {
        var port = Ports.TakeBase();
        using var first = Loopback(DatagramPath.Auto, port);
        using var fourth = Loopback(DatagramPath.Auto, port, 4);
        var second = Loopback(DatagramPath.Auto, port);

        Assert.Equal((P(1), P(2), P(4)), (first.Self, second.Self, fourth.Self));
        Assert.Equal(14, first.Members.Count);
        Assert.Contains("slot 4 is taken", Assert.Throws<TransportException>(() =>
            Loopback(DatagramPath.Auto, port, 4)).Message, StringComparison.Ordinal);
        second.Dispose();
        using var again = Loopback(DatagramPath.Auto, port);
        Assert.Equal(P(2), again.Self);
    }

    [Fact]
    public void The_fifteenth_process_is_told_that_all_slots_are_taken()
    {
        var port = Ports.TakeBase();
        var transports = Enumerable.Range(0, 14).Select(_ => Loopback(DatagramPath.Auto, port)).ToList();
        try
        {
            Assert.Contains("all loopback slots are taken", Assert.Throws<TransportException>(() =>
                Loopback(DatagramPath.Auto, port)).Message, StringComparison.Ordinal);
        }
        finally
        {
            transports.ForEach(transport => transport.Dispose());
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Multicast_reaches_all_others_once_and_unicast_one(DatagramPath path)
    {
        var port = Ports.TakeBase();
        using var a = Loopback(path, port);
        using var b = Loopback(path, port);
        using var c = Loopback(path, port);

        Send(a, ProcessorId.None, "all");
        Send(a, b.Self, "b");
        Send(a, c.Self, "c");

        Assert.Equal(("all", "b"), (Receive(b), Receive(b)));
        Assert.Equal(("all", "c"), (Receive(c), Receive(c)));
        Assert.False(a.TryReceive(out _));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Data_goes_to_slots_that_were_heard_and_introductions_to_all(DatagramPath path)
    {
        var port = Ports.TakeBase();
        using var a = Loopback(path, port);
        using var b = Loopback(path, port);

        Send(a, ProcessorId.None, "lost", FrameKind.RegularMessage);
        Send(b, ProcessorId.None, "hello");
        Assert.Equal("hello", Receive(a));
        Send(a, ProcessorId.None, "data", FrameKind.RegularMessage);

        Assert.Equal("data", Receive(b));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Frames_to_oneself_come_back_in_order_and_do_not_need_the_kernel(DatagramPath path)
    {
        using var a = Loopback(path, Ports.TakeBase());

        Send(a, a.Self, "one");
        Send(a, a.Self, "two");

        Assert.Equal(("one", "two"), (Receive(a), Receive(a)));
        Assert.False(a.TryReceive(out _));
    }

    [Fact]
    public void Frames_to_oneself_and_to_nobody_never_use_up_the_arena()
    {
        using var a = Loopback(DatagramPath.Auto, Ports.TakeBase());

        for (var i = 0; i < 2000; i++)
        {
            Send(a, a.Self, $"{i} " + new string('x', 500));
            Send(a, ProcessorId.None, new string('y', 1000), FrameKind.RegularMessage);
            Assert.StartsWith($"{i} ", Receive(a), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_large_batch_arrives_whole_and_in_order(DatagramPath path)
    {
        var port = Ports.TakeBase();
        using var a = Loopback(path, port);
        using var b = Loopback(path, port);
        var large = new byte[65_507];
        large[3] = (byte)FrameKind.Join;
        large[^1] = 7;
        for (var i = 0; i < 200; i++)
        {
            byte[] frame = [0, 0, 0, 3, .. Encoding.ASCII.GetBytes($"m{i}")];
            frame.CopyTo(a.NextFrame);
            a.Send(new Transmit(b.Self, frame.Length), default);
        }

        large.CopyTo(a.NextFrame);
        a.Send(new Transmit(b.Self, large.Length), default);
        a.Flush();

        for (var i = 0; i < 200; i++)
            Assert.Equal($"m{i}", Receive(b));
        while (true)
        {
            if (b.TryReceive(out var frame))
            {
                Assert.Equal(large, frame.ToArray());
                break;
            }

            b.Wait(Long);
        }
    }

    /// <summary>It took the port of a member that died before anybody saw the port closed, and dies
    /// before it is on the ring.</summary>
    [Fact]
    public void The_end_of_one_that_was_heard_is_reported_though_it_is_no_member_and_nobody_watches_it()
    {
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Loopback, LoopbackPort = Ports.TakeBase() };
        using var a = UdpTransport.Open(options, P(1), new NodeCounters());
        var b = UdpTransport.Open(options with { ProbeInterval = TimeSpan.Zero }, P(2), new NodeCounters());
        Send(b, a.Self, "here I am");
        Assert.Equal("here I am", Receive(a));
        b.Dispose();

        Assert.Equal(P(2), Unreachable(a, successor: P(3), members: ProcessorSet.Of(P(1)).With(P(3))));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_closed_port_is_reported_once_it_was_heard(DatagramPath path)
    {
        var port = Ports.TakeBase();
        using var a = Loopback(path, port);
        var b = Loopback(path, port);
        Send(a, ProcessorId.None, "to all slots, most of them empty");
        Send(b, a.Self, "here I am");
        Assert.Equal("here I am", Receive(a));
        a.Wait(TimeSpan.Zero);
        Assert.False(a.TryTakeUnreachable(default, out _));

        b.Dispose();

        Assert.Equal(P(2), Unreachable(a));
    }

    [Fact]
    public void One_stale_report_about_a_member_that_is_back_counts_for_nothing()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var port = Ports.TakeBase();
        using var a = Loopback(DatagramPath.LinuxBatches, port);
        var b = Loopback(DatagramPath.LinuxBatches, port);
        Send(b, a.Self, "1");
        Receive(a);
        b.Dispose();
        Send(a, P(2), "meets a closed port");
        using var back = Loopback(DatagramPath.LinuxBatches, port);

        a.Wait(Long);

        Assert.False(a.TryTakeUnreachable(default, out _));
        Assert.False(back.TryReceive(out _)); // the probe was empty, and nobody is told of it
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Sends_after_errors_are_not_lost(DatagramPath path)
    {
        var port = Ports.TakeBase();
        using var a = Loopback(path, port);
        using var last = Loopback(path, port, 14);

        // Slots 2 to 13 are empty: each copy leaves an error behind that the next send must survive.
        for (var i = 0; i < 20; i++)
            Send(a, ProcessorId.None, $"m{i}");

        for (var i = 0; i < 20; i++)
            Assert.Equal($"m{i}", Receive(last));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Wake_ends_a_wait_before_and_during_it(DatagramPath path)
    {
        using var a = Loopback(path, Ports.TakeBase());

        a.Wake();
        a.Wait(null);
        var waker = new Thread(a.Wake);
        waker.Start();
        a.Wait(null);
        waker.Join();
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Larger_frames_leave_room_for_fewer_of_them_in_a_receive_buffer(DatagramPath path)
    {
        var options = new UdpTransportOptions
        {
            Kind = UdpTransportKind.Loopback, LoopbackPort = Ports.TakeBase(), Path = path,
                ReceiveBufferBytes = 1 << 18,
        };
        using var transport = UdpTransport.Open(options, P(1), new NodeCounters());

        // Linux grants what is asked for and counts twice of it, everybody else counts once.
        Assert.InRange(transport.FramesHeld(1_500), (1 << 18) / 2_304, 2 * (1 << 18) / 2_304);
        Assert.InRange(transport.FramesHeld(9_000), (1 << 18) / 11_250, 2 * (1 << 18) / 11_250);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_thread_that_looks_instead_of_sleeping_is_woken_just_the_same(DatagramPath path)
    {
        var port = Ports.TakeBase();
        var options = new UdpTransportOptions
        {
            Kind = UdpTransportKind.Loopback, LoopbackPort = port, Path = path, BusyPoll = TimeSpan.FromHours(1),
        };
        using var a = UdpTransport.Open(options, P(1), new NodeCounters());
        var b = Loopback(path, port, 2);
        Send(b, P(1), "hello");
        Receive(a);
        a.Forecast = default; // From now on an hour is spent looking.

        a.Wake();
        a.Wait(null);
        var waker = new Thread(a.Wake);
        waker.Start();
        a.Wait(null);
        waker.Join();
        var sender = new Thread(() => Send(b, P(1), "datagram"));
        sender.Start();
        Assert.Equal("datagram", Receive(a));
        sender.Join();
        a.Wait(TimeSpan.FromMilliseconds(1));
        b.Dispose();

        Assert.Equal(P(2), Unreachable(a));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void The_filter_loses_and_duplicates(DatagramPath path)
    {
        var port = Ports.TakeBase();
        using var a = Loopback(path, port);
        using var b = Loopback(
            path, port, filter: datagram => datagram[4] switch { (byte)'l' => 0, (byte)'d' => 2, _ => 1 });

        foreach (var text in (string[])["lost", "double", "single"])
            Send(a, b.Self, text);

        Assert.Equal(("double", "double", "single"), (Receive(b), Receive(b), Receive(b)));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Unicast_over_ipv6(DatagramPath path)
    {
        var port = Ports.TakeBase();
        UdpPeer[] peers = [new(P(1), new IPEndPoint(IPAddress.IPv6Loopback, port)),
            new(P(2), new IPEndPoint(IPAddress.IPv6Loopback, port + 1))];
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Unicast, Peers = peers, Path = path };
        using var a = UdpTransport.Open(options, P(1), new NodeCounters());
        var b = UdpTransport.Open(options, P(2), new NodeCounters());

        Send(a, ProcessorId.None, "data", FrameKind.RegularMessage);
        Assert.Equal("data", Receive(b));
        Send(b, P(1), "token");
        Assert.Equal("token", Receive(a));
        b.Dispose();

        Assert.Equal(P(2), Unreachable(a));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public void Unlisted_sources_are_ignored_unless_they_are_wanted(bool accept, int ignored)
    {
        var port = Ports.TakeBase();
        var counters = new NodeCounters();
        using var a = UdpTransport.Open(
            new UdpTransportOptions
            {
                Kind = UdpTransportKind.Unicast, Peers =
                    [new(P(1), new IPEndPoint(IPAddress.Parse("127.0.0.2"), port))], AcceptUnlistedSources = accept,
            },
            P(1), counters);
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.3"), 0));
        stranger.SendTo("0123strange"u8, new IPEndPoint(IPAddress.Parse("127.0.0.2"), port));
        using var listed = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        listed.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        listed.SendTo("0123listed, from another port"u8, new IPEndPoint(IPAddress.Parse("127.0.0.2"), port));

        Assert.Equal(accept ? "strange" : "listed, from another port", Receive(a));
        Assert.Equal(ignored, counters.DatagramsIgnored);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Multicast_is_read_before_a_token_that_was_sent_after_it(DatagramPath path)
    {
        // On the loopback interface a group works because the interface itself hands everything back.
        var port = Ports.TakeBase();
        var group = IPAddress.Parse($"239.192.77.{port % 250}");
        UdpPeer[] peers = [new(P(1), new IPEndPoint(IPAddress.Parse("127.0.0.1"), port)),
            new(P(2), new IPEndPoint(IPAddress.Parse("127.0.0.2"), port))];
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Multicast, Peers = peers, Group = group,
            GroupPort = port, Path = path };
        using var a = UdpTransport.Open(options, P(1), new NodeCounters());
        using var b = UdpTransport.Open(options, P(2), new NodeCounters());

        for (var round = 0; round < 50; round++)
        {
            Send(a, P(2), "token");
            Send(a, ProcessorId.None, "data", FrameKind.RegularMessage);

            // Both are pending now: the token came first and still waits.
            Assert.Equal(("data", "token"), (Receive(b), Receive(b)));
        }
    }

    [Fact]
    public void Only_a_lone_token_that_the_poller_saw_is_read_without_a_look_at_the_group()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var port = Ports.TakeBase();
        var group = IPAddress.Parse($"239.192.77.{port % 250}");
        UdpPeer[] peers = [new(P(1), new IPEndPoint(IPAddress.Parse("127.0.0.1"), port)),
            new(P(2), new IPEndPoint(IPAddress.Parse("127.0.0.2"), port))];
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Multicast, Peers = peers, Group = group,
            GroupPort = port };
        var counters = new NodeCounters();
        using var a = UdpTransport.Open(options, P(1), new NodeCounters());
        using var b = UdpTransport.Open(options, P(2), counters);

        Send(a, P(2), "lone");
        b.Wait(Long);
        Assert.Equal("lone", Receive(b));
        Assert.False(b.TryReceive(out _));
        Assert.Equal(1, counters.ReceiveCalls);

        Send(a, P(2), "seen");
        b.Wait(Long);
        Send(a, ProcessorId.None, "data", FrameKind.RegularMessage);
        Send(a, P(2), "younger");
        Assert.Equal(("data", "seen", "younger"), (Receive(b), Receive(b), Receive(b)));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_token_kept_apart_is_read_when_its_turn_has_come(DatagramPath path)
    {
        var port = Ports.TakeBase();
        using var a = Loopback(path, port);
        using var b = Loopback(
            path, port, filter: datagram => datagram[4] switch { (byte)'l' => 0, (byte)'d' => 2, _ => 1 });

        SendAll();
        Assert.Equal(["1", "2", "d", "d", "3"], ReceiveAll(isTokenFirst: false));

        b.KeepsTokensApart = true;
        SendAll();
        Assert.Equal(["1", "2", "3", "d", "d"], ReceiveAll(isTokenFirst: false));

        SendAll();
        // One datagram a call: the token is not seen before the messages that were sent before it.
        string[] expected = path == DatagramPath.Portable ? ["1", "2", "d", "d", "3"] : ["d", "d", "1", "2", "3"];
        Assert.Equal(expected, ReceiveAll(isTokenFirst: true));
        Assert.False(b.TryReceive(out _));

        void SendAll()
        {
            Send(a, b.Self, "1", FrameKind.RegularMessage);
            Send(a, b.Self, "l", FrameKind.RegularToken);
            Send(a, b.Self, "2");
            Send(a, b.Self, "d", FrameKind.RegularToken);
            Send(a, b.Self, "3", FrameKind.RegularMessage);
        }

        // On the loopback interface what was sent is there.
        string[] ReceiveAll(bool isTokenFirst)
        {
            var all = new List<string>();
            while (b.TryReceive(out var frame, isTokenFirst))
                all.Add(Encoding.ASCII.GetString(frame[4..]));
            return [.. all];
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_token_of_a_multicast_ring_is_read_when_its_turn_has_come(DatagramPath path)
    {
        var port = Ports.TakeBase();
        var group = IPAddress.Parse($"239.192.77.{port % 250}");
        UdpPeer[] peers = [new(P(1), new IPEndPoint(IPAddress.Parse("127.0.0.1"), port)),
            new(P(2), new IPEndPoint(IPAddress.Parse("127.0.0.2"), port))];
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Multicast, Peers = peers, Group = group,
            GroupPort = port, Path = path };
        using var a = UdpTransport.Open(options, P(1), new NodeCounters());
        using var b = UdpTransport.Open(options, P(2), new NodeCounters());
        b.KeepsTokensApart = true;

        for (var round = 0; round < 50; round++)
        {
            Send(a, ProcessorId.None, "one", FrameKind.RegularMessage);
            Send(a, P(2), "token", FrameKind.RegularToken);
            Send(a, P(2), "commit", FrameKind.CommitToken);
            Send(a, ProcessorId.None, "two", FrameKind.RegularMessage);
            if (round % 2 == 0)
                Assert.Equal(("one", "two", "commit", "token"), (Receive(b), Receive(b), Receive(b), Receive(b)));
            else
                Assert.Equal(
                    ("token", "one", "two", "commit"), (ReceiveTokenFirst(b), Receive(b), Receive(b), Receive(b)));
            Assert.False(b.TryReceive(out _)); // whoever stops before this has to wait before the next look
        }

        static string ReceiveTokenFirst(UdpTransport transport)
        {
            // The sockets are looked at when there is nothing left to hand out.
            Assert.True(transport.TryReceive(out var frame, isTokenFirst: true));
            return Encoding.ASCII.GetString(frame[4..]);
        }
    }

    [Fact]
    public void A_port_in_use_is_an_error_that_names_it()
    {
        var port = Ports.TakeBase();
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Unicast,
            Peers = [new(P(1), new IPEndPoint(IPAddress.Loopback, port))] };
        using var first = UdpTransport.Open(options, P(1), new NodeCounters());

        var exception = Assert.Throws<TransportException>(() => UdpTransport.Open(options, P(1), new NodeCounters()));

        Assert.Contains($"127.0.0.1:{port}", exception.Message, StringComparison.Ordinal);
    }
}
