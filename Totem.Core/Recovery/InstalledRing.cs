using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Ordering;
using Totem.Core.Wire;

namespace Totem.Core.Recovery;

/// <summary>The ring that was installed last, and everything a processor owes it until the next one is
/// installed.</summary>
internal sealed class InstalledRing(TokenRing ring)
{
    public TokenRing Ring => ring;

    public RingId Id => ring.Id;

    public ProcessorSet Members => ring.Members;

    public OrderedLog Log => ring.Log;

    /// <summary>Our last frame.</summary>
    public RingPosition Own => new(ring.Id, ring.OwnThrough);

    /// <summary>
    /// Not empty once we have let others know, in a recovery that came to nothing, that we have everything: they may
    /// have delivered these processors' messages on the strength of it, so we must, whatever holes there are
    /// (EVS §5, 2).
    /// </summary>
    public ProcessorSet Obligation { get; set; } = ProcessorSet.Empty;

    /// <summary>The first frame that the application could have been handed and was not; null when there is
    /// none.</summary>
    public RingPosition? FirstUndelivered =>
        Log.DeliveredThrough < Log.DeliverableThrough ? new RingPosition(Id, Log.DeliveredThrough.Next) : null;

    /// <summary>A frame of this ring that the window lacks.</summary>
    public bool HasHole => Log.Window.Aru < Log.Window.High;

    /// <summary>Our entry about it in a commit token (WIRE §9.8).</summary>
    public CommitEntry Entry => new(Id, Log.Window.Aru, Log.DeliverableThrough, Log.Window.Aru == Log.Window.High);

    /// <summary>
    /// Where delivery in the regular configuration ends: before the first hole, and before the first safe message of
    /// which no transitional member knows that all had received it.
    /// </summary>
    /// <param name="highDelivered">See <see cref="RecoveryState.HighDelivered"/>.</param>
    public Seq Boundary(Seq highDelivered)
    {
        var window = Log.Window;
        var boundary = Log.DeliverableThrough;
        while (window.Contains(boundary.Next)
            && !(window.IsSafe(boundary.Next) && boundary.Next > highDelivered))
            boundary = boundary.Next;
        Invariant.That(boundary <= window.Aru, "a regular configuration ends before the first hole");
        return boundary;
    }
}
