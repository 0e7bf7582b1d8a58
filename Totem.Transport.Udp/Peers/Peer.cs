using System.Net;
using Totem.Core.Time;

namespace Totem.Transport.Udp.Peers;

/// <summary>The transport's facts about one configured processor. Its index is that of its address in the sockets'
/// tables.</summary>
internal sealed class Peer(ProcessorId id, IPEndPoint endPoint, bool isSelf, bool isOnThisHost)
{
    public ProcessorId Id => id;

    public IPEndPoint EndPoint => endPoint;

    public bool IsSelf => isSelf;

    /// <summary>Only processors of this host are probed: their kernel answers at once and for nothing.</summary>
    public bool IsOnThisHost => isOnThisHost;

    /// <summary>Something came from it since nobody listened there.</summary>
    public bool IsHeard { get; private set; }

    /// <summary>Passes over the error reports that named it since it was heard last.</summary>
    public int RefusedPasses { get; private set; }

    /// <summary>The last pass that was counted.</summary>
    public long LastRefusedPass { get; private set; }

    /// <summary>When something was sent to it last.</summary>
    public Instant LastSent { get; set; }

    /// <summary>Probes still to come, in quick succession, because it hung up.</summary>
    public int HurriedProbes { get; set; }

    /// <summary>When the next of them is due.</summary>
    public Instant NextHurriedProbe { get; set; }

    /// <summary>When to try to watch it; not before.</summary>
    public Instant NextWatch { get; set; }

    /// <summary>When something came from it last, in ticks of the ring's clock; 0 for never. Any thread may
    /// look.</summary>
    public long LastHeard { get; private set; }

    /// <summary>This takes the place of the same processor's entry in a table before.</summary>
    public void Follow(Peer before) =>
        (IsHeard, LastSent, LastHeard) = (before.IsHeard, before.LastSent, before.LastHeard);

    /// <summary>Something came from it.</summary>
    /// <param name="now">When, in ticks of the ring's clock.</param>
    public void Heard(long now = 0)
    {
        LastHeard = now;
        // A peer that was not there is: its next life may be watched at once.
        if (!IsHeard)
            NextWatch = default;
        IsHeard = true;
        RefusedPasses = 0;
    }

    /// <summary>Counts a pass over the error reports that named it; once a pass.</summary>
    /// <returns>How many there were since it was heard last; 0 when this one has been counted.</returns>
    public int Refused(long pass)
    {
        if (LastRefusedPass == pass)
            return 0;
        LastRefusedPass = pass;
        return ++RefusedPasses;
    }

    /// <summary>Nobody listens there any more.</summary>
    public void Closed()
    {
        IsHeard = false;
        HurriedProbes = 0;
    }
}
