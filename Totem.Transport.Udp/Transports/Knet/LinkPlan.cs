using System.Net.Sockets;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Peers;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>A link as it is to be.</summary>
/// <param name="Link">Its number, and who is where on it.</param>
/// <param name="Peers">The same, to be looked up.</param>
/// <param name="Bound">The socket of a link that is new, or at another address of ours; null when
/// the link has one.</param>
/// <param name="IsAsBefore">Everybody is where they were.</param>
internal sealed record PlannedLink(KnetLink Link, PeerTable Peers, Socket? Bound, bool IsAsBefore);

/// <summary>All links as they are to be, with the sockets that this needs open and bound. Until the plan is used
/// nothing has changed; disposing one that is not used closes the sockets.</summary>
internal sealed class LinkPlan : IDisposable
{
    private LinkPlan()
    {
    }

    /// <summary>By their numbers, upward.</summary>
    public List<PlannedLink> Links { get; } = [];

    /// <summary>The size that the kernel granted instead of the buffers that were asked for; null when all is
    /// well.</summary>
    public string? SmallBuffers { get; private set; }

    /// <summary>Makes a plan. Any thread.</summary>
    /// <param name="before">The links that there are.</param>
    /// <param name="next">Those that there are to be, by their numbers.</param>
    /// <param name="options">The sizes of buffers.</param>
    /// <param name="self">This member.</param>
    /// <exception cref="TransportException">An address cannot be bound.</exception>
    public static LinkPlan Of(
        IReadOnlyList<KnetLink> before, IReadOnlyList<KnetLink> next, UdpTransportOptions options, ProcessorId self)
    {
        var plan = new LinkPlan();
        var isOnThisHost = new LocalHost();
        try
        {
            foreach (var link in next)
            {
                var own = link.Peers.First(x => x.Id == self);
                var present = before.FirstOrDefault(x => x.Number == link.Number && x.Peers.Contains(own));
                var bound = present is null ? SocketOpener.OpenLink(own.EndPoint) : null;
                var peers = new PeerTable(link.Peers, self, isOnThisHost.Owns);
                plan.Links.Add(new PlannedLink(link, peers, bound, present?.Peers.SequenceEqual(link.Peers) == true));
                if (bound is not null)
                    plan.SmallBuffers ??= SocketOpener.RequestBuffers(
                        bound, options.ReceiveBufferBytes, options.SendBufferBytes);
            }

            return plan;
        }
        catch
        {
            plan.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var link in Links)
            link.Bound?.Dispose();
    }
}
