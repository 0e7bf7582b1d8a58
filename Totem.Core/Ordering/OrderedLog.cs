using Totem.Core.Diagnostics;

namespace Totem.Core.Ordering;

/// <summary>
/// The messages of one ring at one processor: what has been received, what may be delivered, what is known to be safe.
/// </summary>
internal sealed class OrderedLog(ReceiveWindow window, Seq first)
{
    public ReceiveWindow Window => window;

    /// <summary>Everything up to here has been received by all members of the ring.</summary>
    public Seq SafeThrough { get; private set; } = first;

    /// <summary>
    /// Delivery in the regular configuration is decided up to here, whether or not the application has taken it yet.
    /// This is what a commit token calls high delivered: deciding it by the application's pace would let two members
    /// disagree on which configuration a message belongs to.
    /// </summary>
    public Seq DeliverableThrough { get; private set; } = first;

    /// <summary>The application has taken everything up to here.</summary>
    public Seq DeliveredThrough { get; private set; } = first;

    /// <summary>
    /// The aru that the token may learn of: what we have, but no more than this many frames beyond what the application
    /// has taken. Others release no more than that, and number no more than the limit beyond what they have released,
    /// so the ring goes at the pace of its slowest reader while every frame that is numbered still has its place in our
    /// window (docs/design/protocol.md, "A slow reader").
    /// </summary>
    public Seq AruWithin(int framesAheadMax) => Seq.Min(window.Aru, DeliveredThrough + framesAheadMax);

    /// <summary>Asserts what must hold after every input.</summary>
    public void CheckInvariants()
    {
        Invariant.That(SafeThrough <= window.Aru, "nothing is safe that we lack");
        Invariant.That(DeliverableThrough <= window.Aru, "nothing is decided that we lack");
        Invariant.That(DeliveredThrough <= DeliverableThrough, "nothing is delivered before it is decided");
        Invariant.That(window.Released <= DeliveredThrough, "nothing is released before it is delivered");
    }

    /// <summary>All members are known to have everything up to here.</summary>
    public void AdvanceSafe(Seq through)
    {
        if (through > SafeThrough)
        {
            Invariant.That(through <= window.Aru, "what all have received, we have received");
            SafeThrough = through;
        }
    }

    /// <summary>Decides delivery as far as order and safety allow (agreed: no hole before it; safe:
    /// all have it).</summary>
    public void AdvanceDeliverable()
    {
        while (DeliverableThrough < window.Aru)
        {
            var next = DeliverableThrough.Next;
            if (window.IsSafe(next) && next > SafeThrough)
                return;
            DeliverableThrough = next;
        }
    }

    /// <summary>
    /// Passes over messages of an old ring: they were taken when they came, and the application never sees them.
    /// Without this a recovery of more messages than the window holds would never end.
    /// </summary>
    public void SkipEncapsulated()
    {
        while (DeliveredThrough < DeliverableThrough && window.IsEncapsulated(DeliveredThrough.Next))
            DeliveredThrough = DeliveredThrough.Next;
        Invariant.That(DeliveredThrough <= DeliverableThrough, "nothing is passed over before it is decided");
    }

    public void MarkDelivered(Seq seq)
    {
        Invariant.That(seq == DeliveredThrough.Next, "delivery leaves no number out");
        Invariant.That(seq <= window.High, "nothing is delivered that nobody has sent");
        DeliveredThrough = seq;
    }

    /// <summary>Gives back what nobody can ask for any more and the application has taken.</summary>
    public void Release() => window.ReleaseThrough(Seq.Min(SafeThrough, DeliveredThrough));
}
