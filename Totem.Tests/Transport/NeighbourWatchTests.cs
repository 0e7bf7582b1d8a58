using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Platform.Network;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Slots;
using Totem.Transport.Udp.Transports;
using Totem.Transport.Udp.Transports.Plain;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>
/// Members of one host notice each other's end by a connection that breaks, and nothing that a stranger does with such
/// connections counts. No other test runs meanwhile: descriptors are counted.
/// </summary>
[Collection(RealProcesses.Name)]
[SupportedOSPlatform("linux")]
public sealed class NeighbourWatchTests
{
    private static readonly ProcessorId First = new(1);
    private static readonly ProcessorId Second = new(2);
    private static readonly ProcessorSet Both = ProcessorSet.Of(First).With(Second);

    // A probe at an interval would come long after the tests' virtual time has ended: what is noticed, a hangup told.
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    private readonly int _port = Ports.TakeBase();
    private Instant _now = new(0);

    private UdpTransport Open(ProcessorId id) => UdpTransport.Open(
        new UdpTransportOptions { Kind = UdpTransportKind.Loopback, LoopbackPort = _port, ProbeInterval = Never }, id,
        new NodeCounters());

    private Socket ListenAs(ProcessorId id)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(NameOf(id));
        socket.Listen();
        return socket;
    }

    private Socket ConnectTo(ProcessorId id)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(NameOf(id));
        return socket;
    }

    private UnixDomainSocketEndPoint NameOf(ProcessorId id)
    {
        const int familyBytes = 2;
        var address = NeighbourName.Of(LoopbackSlots.Peers(_port, "").First(peer => peer.Id == id).EndPoint);
        return new UnixDomainSocketEndPoint(Encoding.ASCII.GetString(address.AsSpan(familyBytes)));
    }

    private static void Say(UdpTransport from)
    {
        byte[] frame = [0, 0, 0, (byte)FrameKind.Join];
        frame.CopyTo(from.NextFrame);
        from.Send(new Transmit(ProcessorId.None, frame.Length), default);
        from.Flush();
    }

    /// <summary>The steps that a ring's thread makes again and again, a millisecond of virtual time later each
    /// time.</summary>
    private ProcessorId? Cycle(UdpTransport transport)
    {
        _now += TimeSpan.FromMilliseconds(1);
        transport.Wait(TimeSpan.FromMilliseconds(1));
        while (transport.TryReceive(out _))
        {
            // The sender is heard; what it sent is nobody's business here.
        }

        var unreachable = transport.TryTakeUnreachable(_now, out var peer) ? peer : (ProcessorId?)null;
        transport.ProbeIfQuiet(First == transport.Self ? Second : First, Both, _now);
        return unreachable;
    }

    private void Meet(UdpTransport watcher, UdpTransport watched)
    {
        Say(watched);
        for (var tries = 0; !watcher.IsWatching(watched.Self); tries++)
        {
            Assert.True(tries < 1000, "the peer is not watched");
            Assert.Null(Cycle(watcher));
        }
    }

    private ProcessorId AwaitUnreachable(UdpTransport transport)
    {
        for (var tries = 0; tries < 1000; tries++)
        {
            if (Cycle(transport) is { } peer)
                return peer;
        }

        throw new InvalidOperationException("nobody is unreachable");
    }

    [LinuxFact]
    public void A_neighbour_that_is_gone_is_noticed_without_a_probe_and_watched_again_when_it_is_back()
    {
        using var a = Open(First);
        for (var life = 0; life < 3; life++)
        {
            var b = Open(Second);
            Meet(a, b);

            b.Dispose();

            Assert.Equal(Second, AwaitUnreachable(a));
            Assert.False(a.IsWatching(Second));
        }
    }

    [LinuxFact]
    public void Nobody_is_watched_before_it_was_heard()
    {
        using var a = Open(First);
        using var b = Open(Second);

        for (var i = 0; i < 50; i++)
            Cycle(a);

        Assert.False(a.IsWatching(Second));
    }

    [LinuxFact]
    public void A_hundred_restarts_of_a_peer_leave_no_descriptor_behind()
    {
        using var a = Open(First);
        Open(Second).Dispose();
        var before = Directory.GetFiles("/proc/self/fd").Length;

        for (var life = 0; life < 100; life++)
        {
            var b = Open(Second);
            Say(a);
            Meet(a, b);
            Meet(b, a);
            b.Dispose();
            Assert.Equal(Second, AwaitUnreachable(a));
        }

        // The runtime may open some for itself; a leak would be a hundred.
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 20);
    }

    [LinuxFact]
    public void A_stranger_that_connects_and_closes_changes_nothing()
    {
        using var a = Open(First);
        using var b = Open(Second);
        Meet(a, b);

        for (var i = 0; i < 100; i++)
        {
            ConnectTo(First).Dispose();
            Assert.Null(Cycle(a));
        }

        Assert.True(a.IsWatching(Second));
    }

    [LinuxFact]
    public void Strangers_that_stay_are_let_in_up_to_a_limit_and_then_the_oldest_goes()
    {
        using var a = Open(First);
        var strangers = new List<Socket>();
        try
        {
            for (var i = 0; i <= NeighbourWatch.AcceptedCountMax; i++)
            {
                strangers.Add(ConnectTo(First));
                Cycle(a);
            }

            Assert.True(strangers[0].Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead));
            Assert.All(strangers.Skip(1), x => Assert.False(x.Poll(0, SelectMode.SelectRead)));
        }
        finally
        {
            strangers.ForEach(x => x.Dispose());
        }
    }

    [LinuxFact]
    public void A_hangup_of_a_member_that_lives_is_no_verdict()
    {
        // A stranger has taken the member's name, and hangs up on whoever connects.
        using var stranger = ListenAs(Second);
        using var a = Open(First);
        using var b = Open(Second);
        Meet(a, b);

        stranger.Accept().Dispose();
        for (var i = 0; i < 200; i++)
            Assert.Null(Cycle(a));
        stranger.Dispose();

        // Its name is free now, and after a while the member has it and is watched.
        for (var tries = 0; !a.IsWatching(Second); tries++)
        {
            Assert.True(tries < 2000, "the peer is not watched");
            Say(a);
            Assert.Null(Cycle(b));
            Assert.Null(Cycle(a));
        }

        b.Dispose();
        Assert.Equal(Second, AwaitUnreachable(a));
    }

    [LinuxFact]
    public void A_watched_neighbour_of_our_own_user_is_probed_once_a_second()
    {
        var options = new UdpTransportOptions { Kind = UdpTransportKind.Loopback, LoopbackPort = _port };
        using var a = UdpTransport.Open(options, First, new NodeCounters());
        using var b = Open(Second);
        Meet(a, b);

        _now += TimeSpan.FromSeconds(10);
        Assert.Equal(_now + TimeSpan.FromSeconds(1), a.ProbeIfQuiet(Second, Both, _now));
    }

    [LinuxFact]
    public void Without_the_watch_there_is_no_listener()
    {
        using var a = UdpTransport.Open(
            new UdpTransportOptions { Kind = UdpTransportKind.Loopback, LoopbackPort = _port,
                ProbeInterval = TimeSpan.Zero },
            First, new NodeCounters());

        Assert.Throws<SocketException>(() => ConnectTo(First));
    }
}
