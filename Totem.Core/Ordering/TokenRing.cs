using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;

namespace Totem.Core.Ordering;

/// <summary>A processor's view of a ring whose token it takes: its place, its log, and what the last visit
/// left.</summary>
internal sealed class TokenRing
{
    public TokenRing(RingId id, ProcessorSet members, RingOptions options, ReceiveWindow window)
    {
        Invariant.That(members.Contains(options.Self), "a processor is on its own ring");
        Invariant.That(id.Representative == members.Lowest, "the lowest member represents the ring");
        Invariant.That(
            window.Released == options.FirstSeq && window.High == options.FirstSeq, "a ring begins with nothing");
        Id = id;
        Self = options.Self;
        First = options.FirstSeq;
        Members = members;
        Successor = members.SuccessorOf(options.Self);
        Predecessor = members.PredecessorOf(options.Self);
        IsRepresentative = id.Representative == options.Self;
        NumbersAheadMax = options.ReceiveWindow;
        FramesAheadMax = options.FramesAheadMax;
        Log = new OrderedLog(window, options.FirstSeq);
        Flow = new FlowControl(options.WindowSize, options.MaxMessagesPerVisit, members.Count);
        LastTokenSeq = options.FirstTokenSeq.Previous;
        LastSeq = SentSeq = OwnThrough = options.FirstSeq;
        // WIRE §6.2: the first token says that nobody has received anything.
        SentAru = options.FirstSeq - 1;
    }

    public RingId Id { get; }

    /// <summary>This processor.</summary>
    public ProcessorId Self { get; }

    /// <summary>The ring's beginning: the number before that of its first message.</summary>
    public Seq First { get; }

    public ProcessorSet Members { get; }

    public ProcessorId Successor { get; }

    public ProcessorId Predecessor { get; }

    public bool IsRepresentative { get; }

    /// <summary>No member, a real daemon included, numbers more than this beyond what all have said
    /// they have.</summary>
    public int NumbersAheadMax { get; }

    /// <summary>We number no more than this beyond what all have said they have, and say no more than this beyond what
    /// our application has taken.</summary>
    public int FramesAheadMax { get; }

    /// <summary>Plain until the ring is installed: recovery is rare, and its promises rest on plain visits.</summary>
    public TokenPassing Passing { get; set; } = TokenPassing.Plain;

    public OrderedLog Log { get; }

    public FlowControl Flow { get; }

    /// <summary>The hop number of the last token that was taken; anything not after it is a duplicate.</summary>
    public TokenSeq LastTokenSeq { get; set; }

    /// <summary>The seq that the token of the last visit came with: what it counted has had a whole
    /// rotation to arrive.</summary>
    public Seq LastSeq { get; set; }

    /// <summary>The aru that our last token left with.</summary>
    public Seq SentAru { get; set; }

    /// <summary>The seq that our last token left with, or what we borrowed or lent of it.</summary>
    public Seq SentSeq { get; set; }

    /// <summary>The number of our last frame; what the ring began with when we have sent none.</summary>
    public Seq OwnThrough { get; set; }

    /// <summary>The last message is ours; when there is none, that is the representative's part.</summary>
    public bool IsLastSender(Seq seq) => OwnThrough == seq && (seq != First || IsRepresentative);

    /// <summary>Visits in a row whose token brought no new message number.</summary>
    public int UnchangedVisits { get; set; }

    /// <summary>
    /// True from our first visit as operational on: then all members are operational. Before it some may still be in
    /// recovery, and a stranger that some hear and others cannot heed would tear the ring before it stands; real
    /// daemons can even abort (WIRE §17). Strangers call again.
    /// </summary>
    public bool IsSettled { get; set; }

    /// <summary>When the last token came.</summary>
    public Instant LastTokenAt { get; set; }

    /// <summary>Whether the token may stay here after a visit; never until the ring is installed.</summary>
    public RestRule Resting { get; set; } = RestRule.Never();

    /// <summary>The token while it rests here, also while it is lent; null while it is elsewhere.</summary>
    public RestingToken? Rest { get; set; }

    /// <summary>The last loan we had: its rest's hop number and its own. A second copy of it is
    /// answered, not used.</summary>
    public (TokenSeq TokenSeq, uint Number)? LastLoan { get; set; }

    /// <summary>The member that holds the aru down, at which number, since when.</summary>
    public StuckAru Stuck { get; set; }

    /// <summary>False for a number that nobody can have given: while the token is here, we alone give
    /// numbers.</summary>
    public bool MayBeNumbered(Seq seq) => Rest is not { Loan: null } rest || seq <= rest.Token.Seq;

    /// <summary>Asserts what must hold after every input.</summary>
    public void CheckInvariants()
    {
        Invariant.That(LastSeq <= SentSeq, "a token leaves with no lower a number than it came with");
        Invariant.That(SentAru <= SentSeq, "a token says of nothing that has no number that all have it");
        Invariant.That(OwnThrough <= SentSeq, "our frames are numbered under a token");
        Invariant.That(UnchangedVisits >= 0, "visits are counted upward");
        Invariant.That(
            Rest is not { Loan: null } rest || Log.Window.High <= rest.Token.Seq,
            "while the token is here, nobody else gives a number");
        Invariant.That(
            Rest is null || Rest.Token.TokenSeq == LastTokenSeq.Next,
            "the token that rests here is the one that came last");
        Log.CheckInvariants();
    }

    /// <summary>Recovery is over, and the ring orders messages.</summary>
    /// <param name="options">The options of this member.</param>
    /// <param name="areKin">All members run this engine.</param>
    public void Install(RingOptions options, bool areKin)
    {
        UnchangedVisits = 0;
        // A real daemon's windows are fixed, and the sums on the token are shared with it.
        if (areKin)
            Flow.LetGrow(Math.Min(options.MaxWindowSize, options.FramesAheadMax / 4));
        Resting = RestRule.Of(options, areKin);
        Passing = TokenPassing.Of(areKin ? options.AcceleratedWindow : options.AcceleratedWindowBesideDaemons);
        Log.AdvanceDeliverable();
    }
}

/// <summary>One member holds the ring's aru at one number.</summary>
/// <param name="Setter">The member; nobody when the aru moves.</param>
/// <param name="Aru">The number.</param>
/// <param name="Since">When it was first seen there.</param>
internal readonly record struct StuckAru(ProcessorId Setter, Seq Aru, Instant Since);
