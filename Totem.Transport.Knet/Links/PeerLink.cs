using Totem.Transport.Knet.Mtu;

namespace Totem.Transport.Knet.Links;

/// <summary>One link to one peer.</summary>
internal sealed class PeerLink(ushort peer, KnetLinkOptions options)
{
    public ushort Peer { get; } = peer;

    public byte Number { get; } = options.Number;

    public KnetAddress Address { get; } = options.Address;

    public bool IsIPv6 { get; } = options.Address.IsIPv6;

    /// <summary>Higher is better; only <see cref="LinkMode.Passive"/> looks.</summary>
    public byte Priority { get; private set; } = options.Priority;

    /// <summary>By which a link is preferred: one that answers to one that does not, then by priority.</summary>
    public int Rank => Priority + (Liveness.IsOverdue ? 0 : byte.MaxValue + 1);

    /// <summary>The most that the link's interface takes, where the system has refused more; 0 when
    /// it has not.</summary>
    public int InterfaceIpBytes { get; set; }

    public LinkLiveness Liveness { get; } = new(options.Timers);

    public PathMtuSearch Search { get; } = new(options.Address.IsIPv6);

    /// <summary>The link is down: when it is up again, its path may be another one.</summary>
    public void Forget()
    {
        Search.End();
        InterfaceIpBytes = 0;
    }

    /// <summary>A reload changes what can change while the link is up; another address makes another link.</summary>
    public void Use(KnetLinkOptions next)
    {
        Priority = next.Priority;
        Liveness.Use(next.Timers);
    }
}
