using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>
/// A token that stays where it is (docs/design/token.md): what our application has to say meanwhile leaves at once, who asks for the token
/// borrows it or makes it set out, and in the end it goes on.
/// </summary>
internal sealed class TokenRest(
    RingOptions options, TokenVisit visit, SentToken sent, FrameBuffers buffers, Outbox outbox, DeadlineTable deadlines, IRingObserver observer)
{
    /// <summary>The token stays.</summary>
    public void Begin(TokenRing ring, in RegularToken next, Instant now)
    {
        Invariant.That(ring.Rest is null, "one token rests at a time");
        Invariant.That(next.RequestCount == 0, "a token that others need does not rest");
        Invariant.That(next.Seq == ring.SentSeq, "a token rests as the visit left it");
        var rule = ring.Resting;
        var rest = ring.Rest = new RestingToken(next, visit.Allowance, rule.Lends(ring), now + rule.Length(ring))
        {
            HasServedUs = next.Seq != ring.LastSeq,
        };
        deadlines.Set(Deadline.TokenHold, rest.Ends);
        deadlines.Set(Deadline.TokenLoss, now + options.TokenTimeout);
        sent.StopRepeating();
        observer.OnEvent(new RingEvent(RingEventKind.TokenHeld, ring.Id, TokenSeq: next.TokenSeq));
        if (!rule.AskedBy.IsNone)
            Ask(ring, rest, rule.AskedBy, now);
    }

    /// <summary>The token goes on, at once or as soon as it is back.</summary>
    public void End(TokenRing ring, RestingToken rest, Instant now)
    {
        Invariant.That(ring.Rest == rest, "the rest that ends is the one that is");
        if (rest.Loan is not null)
        {
            rest.IsOver = true;
            return;
        }

        ring.Rest = null;
        deadlines.Clear(Deadline.TokenHold);
        ring.Resting.NoteSending(ring, rest.HasServedUs);
        var token = visit.Close(ring, rest.Token);
        var place = ring.Resting.Announce(ring, token.Seq, rest.HasServedUs);
        sent.Keep(token with { Header = token.Header with { Target = place.Value } }, [], ring.Successor);
        // How long the token may take counts from when it came, as at everybody else.
        sent.Send(now);
    }

    /// <summary>We have something to send.</summary>
    public void Wake(TokenRing ring, Instant now)
    {
        if (ring.Rest is { } rest)
        {
            rest.WorkSince ??= now;
        }
        else if (MustAskPlace(ring))
        {
            Request(ring, ring.Resting.Place);
            ring.Resting.HasAsked = true;
        }
        else if (MustAskAll(ring))
        {
            ring.UnchangedVisits = 0;
            Request(ring, ProcessorId.None);
        }
    }

    /// <summary><see cref="Wake"/> would do something now. Otherwise the token is on its way here.</summary>
    public bool ActsOnWork(TokenRing ring) => ring.Rest is not null || MustAskPlace(ring) || MustAskAll(ring);

    /// <summary>Messages that came to wait while the token rested here leave.</summary>
    public void SendWaiting(TokenRing ring, RestingToken rest, IFrameSource source)
    {
        Invariant.That(rest.HasWork, "what waits leaves while the token is here");
        var now = rest.WorkSince!.Value;
        rest.WorkSince = null;
        var (count, isSafe) = visit.Extend(ring, rest.Token.Seq, rest.Allowance, source, out var seq);
        Count(ring, rest, seq, now);
        rest.HasServedUs |= count > 0;
        if (count > 0)
            observer.OnEvent(new RingEvent(RingEventKind.SentAtRest, ring.Id, Seq: seq, Count: count));
        if (isSafe || source.QueuedFrames > 0 || rest.Allowance == 0 || !rest.Lends)
            End(ring, rest, now);
    }

    /// <summary>Somebody has something to send, and says so.</summary>
    public void Cancel(TokenRing ring, ProcessorId by, Instant now)
    {
        if (ring.Rest is { } rest)
        {
            Ask(ring, rest, by, now);
            return;
        }

        ring.UnchangedVisits = 0;
        if (ring.Resting.Lends(ring))
            ring.Resting.AskedBy = by; // It is on its way here.
    }

    /// <summary>A borrower gives the token back.</summary>
    public DiscardReason? TakeBack(TokenRing ring, in TokenLoan loan, Instant now)
    {
        if (ring.Rest is not { Loan: { } current } rest || current.To != loan.Header.Node || current.Number != loan.Number
            || loan.TokenSeq != ring.LastTokenSeq)
            return DiscardReason.StaleToken;
        var given = loan.Seq.DistanceFrom(rest.Token.Seq);
        if (given < 0 || given > current.Allowance || loan.Seq < ring.Log.Window.High)
            return DiscardReason.AbsurdToken;
        sent.StopRepeating();
        rest.Loan = null;
        ring.SentSeq = loan.Seq;
        if (given > 0)
        {
            ring.UnchangedVisits = 0;
            ring.Resting.NoteLoan();
            Count(ring, rest, loan.Seq, now);
        }

        if (loan.HasMore || rest.IsOver || rest.Allowance == 0)
            End(ring, rest, now);
        return null;
    }

    /// <summary>A token that rests elsewhere is lent to us: what waits leaves, and it goes back.</summary>
    public DiscardReason? Borrow(TokenRing ring, in TokenLoan loan, IFrameSource source, Instant now)
    {
        if (TokenCheck.Objection(loan, ring) is { } objection)
            return objection;
        if (ring.LastLoan == (loan.TokenSeq, loan.Number))
        {
            // It was sent again because our return has not come; that is what we sent last.
            sent.Send(now);
            return null;
        }

        ring.LastLoan = (loan.TokenSeq, loan.Number);
        ring.Resting.HasAsked = false;
        var (count, isSafe) = visit.Extend(ring, loan.Seq, (int)Math.Min(loan.Allowance, (uint)ring.FramesAheadMax), source, out var seq);
        observer.OnEvent(new RingEvent(RingEventKind.TokenBorrowed, ring.Id, loan.Header.Node, Seq: seq, Count: count));
        var back = loan with
        {
            Header = new FrameHeader(FrameKind.TokenLoan, Encapsulation.None, options.Self),
            Seq = seq,
            Allowance = 0,
            IsReturned = true,
            HasMore = isSafe || source.QueuedFrames > 0,
        };
        sent.Keep(back, loan.Header.Node);
        sent.Send(now);
        return null;
    }

    private bool MustAskPlace(TokenRing ring) => IsElsewhere(ring.Resting) && !ring.Resting.HasAsked;

    private bool MustAskAll(TokenRing ring) =>
        !IsElsewhere(ring.Resting) && !ring.IsRepresentative && ring.UnchangedVisits >= options.IdleVisitsBeforeHold;

    private bool IsElsewhere(RestRule rule) => !rule.Place.IsNone && rule.Place != options.Self;

    private void Ask(TokenRing ring, RestingToken rest, ProcessorId by, Instant now)
    {
        ring.Resting.AskedBy = ProcessorId.None;
        if (rest.Loan is { } loan)
        {
            // Two that wait are served by the token's own way.
            rest.IsOver |= loan.To != by;
        }
        else if (rest is { Lends: true, Allowance: > 0, WorkSince: null })
        {
            Lend(ring, rest, by, now);
        }
        else
        {
            ring.UnchangedVisits = 0;
            observer.OnEvent(new RingEvent(RingEventKind.HoldCancelled, ring.Id, by));
            End(ring, rest, now);
        }
    }

    private void Lend(TokenRing ring, RestingToken rest, ProcessorId to, Instant now)
    {
        Invariant.That(
            rest.Loan is null && rest.Allowance > 0, "a token is lent to one member, with something to give");
        rest.Loan = new Loan(to, ++rest.LoanCount, rest.Allowance);
        // A number beyond this shows that the loan has arrived.
        ring.SentSeq = rest.Token.Seq;
        var loan = new TokenLoan(
            new FrameHeader(FrameKind.TokenLoan, Encapsulation.None, options.Self), ring.Id, ring.LastTokenSeq, rest.Loan.Number,
            rest.Token.Seq, (uint)rest.Allowance, IsReturned: false, HasMore: false);
        sent.Keep(loan, to);
        sent.Send(now);
        observer.OnEvent(new RingEvent(
            RingEventKind.TokenLent, ring.Id, to, Seq: rest.Token.Seq, TokenSeq: loan.TokenSeq, Count: rest.Allowance));
    }

    /// <summary>More is numbered: soon the token must show that all have it.</summary>
    private void Count(TokenRing ring, RestingToken rest, Seq through, Instant now)
    {
        var count = through.DistanceFrom(rest.Token.Seq);
        if (count == 0)
            return;
        Invariant.That(count > 0, "a rest gives numbers upward");
        ring.Flow.Extend(count);
        rest.Count(through);
        if (now + options.TokenPark < rest.Ends)
        {
            rest.Ends = now + options.TokenPark;
            deadlines.Set(Deadline.TokenHold, rest.Ends);
        }
    }

    private void Request(TokenRing ring, ProcessorId from)
    {
        var buffer = buffers.Rent(WireFormat.HoldCancelBytes);
        var writer = new WireWriter(buffer);
        new HoldCancel(new FrameHeader(FrameKind.HoldCancel, Encapsulation.None, options.Self), ring.Id).Write(ref writer);
        Invariant.That(writer.WrittenBytes == WireFormat.HoldCancelBytes, "a hold cancel has one length");
        outbox.Add(from, buffer, writer.WrittenBytes);
    }
}
