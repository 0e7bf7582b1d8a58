using Microsoft.Extensions.Logging;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Plain;

/// <summary>Sees to it that a multicast ring's sockets are in their group, whatever has become of
/// the interface.</summary>
internal sealed class GroupInterface(UdpTransportOptions options, PeerTable peers, OpenSockets sockets, ILogger logger)
{
    /// <summary>A link can need a moment until it carries anything.</summary>
    private const int IntroductionCount = 10;
    private static readonly TimeSpan IntroductionInterval = TimeSpan.FromSeconds(0.5);

    private int _introductions;
    private Instant _nextIntroduction;

    /// <summary>Looks at the interface.</summary>
    /// <returns>When to call again; null when there is nothing to see to.</returns>
    public Instant? Check(Instant now)
    {
        if (!OperatingSystem.IsLinux() || sockets.Multicast is not { } multicast)
            return null;
        var change = multicast.Check(now, out var next);
        if (change == MulticastChange.Gone)
        {
            Log.InterfaceGone(logger, peers.Self.Id, peers.Self.EndPoint.ToString(), options.Group!);
        }
        else if (change != MulticastChange.None)
        {
            var how = change == MulticastChange.JoinedAgain ? "joined" : "heard";
            Log.InterfaceBack(logger, peers.Self.Id, peers.Self.EndPoint.ToString(), options.Group!, how);
            _introductions = IntroductionCount;
        }

        IntroduceInterface(now);
        return next;
    }

    /// <summary>
    /// The others still have the hardware address of the interface that was, and would send their tokens there for half
    /// a minute. Our multicasts tell them nothing new, but what is meant for one of them makes the kernel ask who has
    /// its address, and whoever hears that learns ours.
    /// </summary>
    private void IntroduceInterface(Instant now)
    {
        if (_introductions == 0 || now < _nextIntroduction)
            return;
        _introductions--;
        _nextIntroduction = now + IntroductionInterval;
        for (var i = 0; i < peers.All.Length; i++)
        {
            if (!peers.All[i].IsSelf)
                sockets.Sender.Probe(i);
        }
    }
}
