using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>
/// Whether the token may stay here after a visit, and how the others know. The rule is a table in docs/design/token.md:
/// it looks at what the last rotations showed, never at the time they took.
/// </summary>
internal abstract class RestRule
{
    /// <summary>While the ring is not installed the token never rests.</summary>
    public static RestRule Never() => new NeverRests();

    /// <summary>On a ring that has just been installed.</summary>
    /// <param name="options">The token as the member was given it.</param>
    /// <param name="areKin">All members run this engine.</param>
    public static RestRule Of(RingOptions options, bool areKin) =>
        areKin && options.TokenPark > TimeSpan.Zero ? new RestsWhereTheWorkIs(options)
            : new RestsAtTheRepresentative(options);

    /// <summary>Where the token that came last was to rest; nobody when that is not known.</summary>
    public ProcessorId Place { get; protected set; }

    /// <summary>We have asked for the token since it was here.</summary>
    public bool HasAsked { get; set; }

    /// <summary>The processor that has asked us for the token while it was elsewhere; nobody when none has.</summary>
    public ProcessorId AskedBy { get; set; }

    /// <summary>Whether a token that is to rest here would be lent to who asks for it; otherwise it sets out. All know
    /// how to borrow who have passed on the announcement.</summary>
    public abstract bool Lends(TokenRing ring);

    /// <summary>A token has come; its visit begins.</summary>
    public virtual void NoteArrival(TokenRing ring, in RegularToken token)
    {
        // Daemons, and who takes no part, leave anything there.
        Place = ProcessorId.None;
        HasAsked = false;
    }

    /// <summary>The steps of a visit are done.</summary>
    public virtual void NoteVisit(TokenRing ring)
    {
        // Only the count of unchanged visits decides.
    }

    /// <summary>A visit is over, and the rest that it may have had.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="hasSent">Frames of our own were numbered.</param>
    public virtual void NoteSending(TokenRing ring, bool hasSent)
    {
        // Only the count of unchanged visits decides.
    }

    /// <summary>A borrower has given the token back.</summary>
    public virtual void NoteLoan()
    {
        // Nothing was lent.
    }

    /// <summary>Whether the token stays here now, after the steps of a visit.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="next">The token as it would go on.</param>
    /// <param name="isDone">Nothing of ours waits, and the visit's share is not used up.</param>
    public abstract bool MayRest(TokenRing ring, in RegularToken next, bool isDone);

    /// <summary>Where the token is to rest, as it goes on.</summary>
    public virtual ProcessorId Announce(TokenRing ring, Seq seq, bool hasSent) => ProcessorId.None;

    /// <summary>How long it rests.</summary>
    public abstract TimeSpan Length(TokenRing ring);

    private sealed class NeverRests : RestRule
    {
        public override bool Lends(TokenRing ring) => false;

        public override bool MayRest(TokenRing ring, in RegularToken next, bool isDone) => false;

        public override TimeSpan Length(TokenRing ring) => TimeSpan.Zero;
    }

    /// <summary>
    /// WIRE §10.3, what real daemons do and expect: nothing new for long, nothing asked for, nobody behind. (corosync
    /// holds the token although requests are pending, and they wait with it.)
    /// </summary>
    private sealed class RestsAtTheRepresentative(RingOptions options) : RestRule
    {
        public override bool Lends(TokenRing ring) => false;

        public override bool MayRest(TokenRing ring, in RegularToken next, bool isDone) => ring.IsRepresentative
            && ring.UnchangedVisits > options.IdleVisitsBeforeHold && next.RequestCount == 0 && next.AruSetter.IsNone;

        public override TimeSpan Length(TokenRing ring) => options.TokenHold;
    }

    /// <summary>Among ourselves: at the only member that sends, or at the one that sent last.</summary>
    private sealed class RestsWhereTheWorkIs(RingOptions options) : RestRule
    {
        /// <summary>Visits in a row at which we alone have sent before the token stays: two members
        /// that send in turn do not reach it.</summary>
        private const int StreakNeeded = 3;

        /// <summary>How much is remembered: as many loans as half of it, and the token goes round again.</summary>
        private const int StreakMax = 8;

        /// <summary>The weight of a loan against our own sending.</summary>
        private const int LoanWeight = 2;

        /// <summary>A safe message is delivered everywhere when two visits in a row have found
        /// nothing undecided.</summary>
        private const int DecidedVisitsNeeded = 2;

        /// <summary>After as many visits without anything new all members have learned all there is
        /// to learn from the token.</summary>
        private const int QuietVisits = 3;

        private int _streak;
        private int _decidedVisits;

        public override bool Lends(TokenRing ring) => Place == ring.Self;

        public override void NoteArrival(TokenRing ring, in RegularToken token)
        {
            Place = ring.Members.Contains(new ProcessorId(token.Header.Target)) ? new ProcessorId(token.Header.Target)
                : ProcessorId.None;
            HasAsked = false;
            if (Place != ring.Self)
                AskedBy = ProcessorId.None; // It comes by them on its way.
            if (token.Seq > ring.SentSeq)
                _streak = 0;
        }

        public override void NoteSending(TokenRing ring, bool hasSent)
        {
            if (hasSent)
                _streak = Math.Min(_streak + 1, StreakMax);
        }

        public override void NoteLoan() => _streak = Math.Max(0, _streak - LoanWeight);

        public override void NoteVisit(TokenRing ring) =>
            _decidedVisits = ring.Log.DeliverableThrough >= ring.LastSeq
                ? Math.Min(_decidedVisits + 1, DecidedVisitsNeeded)
                : 0;

        public override bool MayRest(TokenRing ring, in RegularToken next, bool isDone)
        {
            var isQuiet = isDone && next.RequestCount == 0 && next.AruSetter.IsNone
                && next.Backlog == ring.Flow.BacklogLast
                && _decidedVisits == DecidedVisitsNeeded && ring.Log.DeliverableThrough == next.Seq;
            if (Place == ring.Self)
                return isQuiet && IsOursToKeep(ring, next.Seq);
            // Somebody takes no part and wipes out what is announced: then the representative holds, as beside daemons.
            return isQuiet && Place.IsNone && ring.IsRepresentative
                && ring.UnchangedVisits > 2 * options.IdleVisitsBeforeHold;
        }

        public override ProcessorId Announce(TokenRing ring, Seq seq, bool hasSent)
        {
            if (IsOursToKeep(ring, seq))
                return hasSent || Place.IsNone ? ring.Self : Place;
            return hasSent || Place == ring.Self ? ProcessorId.None : Place;
        }

        public override TimeSpan Length(TokenRing ring) => ring.UnchangedVisits >= QuietVisits
            || options.TokenPark > options.TokenHold ? options.TokenHold : options.TokenPark;

        private bool IsOursToKeep(TokenRing ring, Seq seq) =>
            _streak >= StreakNeeded || (ring.UnchangedVisits > options.IdleVisitsBeforeHold && ring.IsLastSender(seq));
    }
}
