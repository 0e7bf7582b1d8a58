using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>
/// A member's dealings with the token: it takes it, does its steps, sends it on or keeps it, sends it again. It knows
/// the ring and nothing of membership: what a visit means for that, and which state we are in, is the processor's
/// business.
/// </summary>
/// <remarks>
/// A visit is <see cref="Take"/> and then one of <see cref="PassOn"/>, <see cref="PassOnOrRest"/> and
/// <see cref="Withhold"/>; between the two the processor may change the token. Frames that follow the token leave with the second.
/// </remarks>
internal sealed class TokenHolder
{
    private readonly RingOptions _options;
    private readonly DeadlineTable _deadlines;
    private readonly TokenVisit _visit;
    private readonly SentToken _sent;
    private readonly TokenRest _rest;

    public TokenHolder(RingOptions options, FrameBuffers buffers, Outbox outbox, DeadlineTable deadlines, IRingObserver observer)
    {
        _options = options;
        _deadlines = deadlines;
        _visit = new TokenVisit(options, buffers, outbox, observer);
        _sent = new SentToken(options, buffers, outbox, deadlines, observer);
        _rest = new TokenRest(options, _visit, _sent, buffers, outbox, deadlines, observer);
    }

    /// <summary>Sends the first token of a ring.</summary>
    public void Start(TokenRing ring, in RegularToken token, Instant now)
    {
        Invariant.That(ring.IsRepresentative && ring.LastTokenAt == default, "a ring has one first token");
        Invariant.That(token.Seq == ring.First, "the first token counts no message");
        _sent.Keep(token, [], ring.Successor);
        Send(now);
    }

    /// <summary>The token is here: all steps of a visit before it leaves. Returns the token as it is to go on.</summary>
    public RegularToken Take(
        TokenRing ring, in RegularToken token, in RetransmitRequestList asked, IFrameSource source, Instant now)
    {
        // The pair of what PassOn asks of a token that we send.
        Invariant.That(token.Ring == ring.Id, "a token is taken on its own ring");
        Invariant.That(token.TokenSeq.IsAfter(ring.LastTokenSeq), "a token is taken once");
        Invariant.That(token.Header.Node == ring.Predecessor, "a token is taken from the predecessor");
        Invariant.That(
            token.Seq >= ring.LastSeq && token.Seq >= ring.Log.Window.High, "a token that is taken counts all we have");
        Invariant.That(token.Aru <= token.Seq, "a token that is taken claims nothing that has no number");
        // A token can come while we hold ours: a forged one, that is. A state that it ends is over in full, deadline
        // and all.
        ring.Rest = null;
        _deadlines.Clear(Deadline.TokenHold);
        ring.LastTokenAt = now;
        ring.Resting.NoteArrival(ring, token);
        ring.Passing.NoteToken();
        return _visit.Run(ring, token, asked, source);
    }

    /// <summary>Sends the token on, and what follows it.</summary>
    public void PassOn(TokenRing ring, in RegularToken token, Instant now)
    {
        Invariant.That(token.Ring == ring.Id, "a token leaves for its own ring");
        Invariant.That(token.TokenSeq == ring.LastTokenSeq.Next, "a token leaves one hop after the one that came");
        Invariant.That(token.Seq == ring.SentSeq && token.Aru == ring.SentAru, "a token leaves as the visit left it");
        Invariant.That(ring.Rest is null, "a token that leaves does not rest");
        _sent.Keep(token, _visit.Requests, ring.Successor);
        Send(now);
        _visit.MulticastRest(ring);
    }

    /// <summary>Sends the token on, or keeps it for a while.</summary>
    public void PassOnOrRest(TokenRing ring, in RegularToken token, IFrameSource source, Instant now)
    {
        var rule = ring.Resting;
        rule.NoteVisit(ring);
        if (rule.MayRest(ring, token, isDone: _visit.Allowance > 0 && source.QueuedFrames == 0))
        {
            _visit.MulticastRest(ring);
            _rest.Begin(ring, token, now);
            return;
        }

        var hasSent = token.Seq != ring.LastSeq;
        rule.NoteSending(ring, hasSent);
        var place = rule.Announce(ring, token.Seq, hasSent);
        PassOn(ring, token with { Header = token.Header with { Target = place.Value } }, now);
    }

    /// <summary>The ring is given up: the token ends here. A frame that has a number is multicast all the
    /// same.</summary>
    public void Withhold(TokenRing ring) => _visit.MulticastRest(ring);

    /// <summary>Sends a commit token on, as ours. How long to wait for the answer is the processor's
    /// business.</summary>
    public void PassCommit(CommitToken token, Instant now)
    {
        Invariant.That(token.Members.Contains(_options.Self), "a commit token is passed on by its members");
        Invariant.That(
            token.FilledCount > token.Members.IndexOf(_options.Self), "a commit token leaves with our entry in it");
        var passed = token with
        {
            Header = new FrameHeader(FrameKind.CommitToken, Encapsulation.None, _options.Self),
            TokenSeq = token.TokenSeq.Next,
        };
        _sent.Keep(passed, token.Members.SuccessorOf(_options.Self));
        _sent.Send(now);
    }

    /// <summary>Nothing has shown that the successor has the token: once more.</summary>
    public void Repeat(RingId ring, Instant now) => _sent.Repeat(ring, now);

    /// <summary>A message of the ring has come that we did not have.</summary>
    public void NoteMessage(TokenRing ring, ProcessorId source, Seq seq)
    {
        if (seq <= ring.SentSeq)
            return;
        // Our token did not count it: whoever numbered it has had the token after us.
        _sent.StopRepeating();
        if (source == ring.Predecessor)
            ring.Passing.NotePredecessorAhead();
    }

    /// <summary>The token has rested long enough.</summary>
    public void EndRest(TokenRing ring, RestingToken rest, Instant now) => _rest.End(ring, rest, now);

    /// <summary>Somebody has something to send, and says so.</summary>
    public void CancelHold(TokenRing ring, ProcessorId by, Instant now) => _rest.Cancel(ring, by, now);

    /// <summary><see cref="Wake"/> would do something now.</summary>
    public bool ActsOnWork(TokenRing ring) => _rest.ActsOnWork(ring);

    /// <summary>We have something to send. While the token rests here it leaves with <see cref="SendWaiting"/>.</summary>
    public void Wake(TokenRing ring, Instant now) => _rest.Wake(ring, now);

    /// <summary>The token rests here and something waits: it is multicast.</summary>
    public void SendWaiting(TokenRing ring, IFrameSource source)
    {
        if (ring.Rest is { HasWork: true } rest)
            _rest.SendWaiting(ring, rest, source);
    }

    /// <summary>The token is lent to us, or given back. Returns why the frame is dropped; null when it was taken.</summary>
    public DiscardReason? HandleLoan(TokenRing ring, in TokenLoan loan, IFrameSource source, Instant now) =>
        loan.IsReturned ? _rest.TakeBack(ring, loan, now) : _rest.Borrow(ring, loan, source, now);

    /// <summary>The member that has held the ring's aru at one number for too long; nobody when the aru moves, or when
    /// it is we ourselves: a processor never gives itself up (docs/design/deviations.md).</summary>
    public ProcessorId FindStuck(TokenRing ring, in RegularToken token, Instant now)
    {
        var setter = token.AruSetter;
        if (setter.IsNone || setter != ring.Stuck.Setter || token.Aru != ring.Stuck.Aru)
        {
            ring.Stuck = new StuckAru(setter, token.Aru, now);
            return ProcessorId.None;
        }

        return setter != _options.Self && now - ring.Stuck.Since >= _options.FailToReceiveTimeout ? setter : ProcessorId.None;
    }

    private void Send(Instant now)
    {
        _deadlines.Set(Deadline.TokenLoss, now + _options.TokenTimeout);
        _sent.Send(now);
    }
}
