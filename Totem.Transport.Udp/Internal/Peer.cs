using System.Net;
using Totem.Core.Model;
using Totem.Core.Time;

namespace Totem.Transport.Udp.Internal;

/// <summary>What the transport knows of one configured processor. Its index is that of its address in the sockets' tables.</summary>
internal sealed class Peer(ProcessorId id, IPEndPoint endPoint, bool isSelf, bool isOnThisHost)
{
    public ProcessorId Id => id;

    public IPEndPoint EndPoint => endPoint;

    public bool IsSelf => isSelf;

    /// <summary>Only processors of this host are probed: their kernel answers at once and for nothing.</summary>
    public bool IsOnThisHost => isOnThisHost;

    /// <summary>Something came from it since nobody listened there.</summary>
    public bool IsHeard { get; set; }

    /// <summary>Passes over the error reports that named it since it was heard last.</summary>
    public int RefusedPasses { get; set; }

    /// <summary>The last pass that was counted.</summary>
    public long LastRefusedPass { get; set; }

    /// <summary>When something was sent to it last.</summary>
    public Instant LastSent { get; set; }
}
