using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>
/// A holder's steps, in order (TOCS95, the total ordering protocol; WIRE §10.2): serve requests, learn what is
/// safe, multicast, correct the aru, ask for what is missing. On an accelerated ring the rest of the new frames is
/// multicast when the token has left.
/// </summary>
internal sealed class TokenVisit(RingOptions options, FrameBuffers buffers, Outbox outbox, IRingObserver observer)
{
    private readonly RetransmitRequest[] _requests = new RetransmitRequest[WireFormat.MaxRetransmitRequestCount];
    private int _requestCount;
    private uint _originCount;

    // Numbered and counted by the token, and not multicast yet: the numbers behind the first and through the second.
    private Seq _multicastThrough;
    private Seq _numberedThrough;

    /// <summary>The requests that go on with the token of the last run.</summary>
    public ReadOnlySpan<RetransmitRequest> Requests => _requests.AsSpan(0, _requestCount);

    /// <summary>How many more frames the last run might have multicast.</summary>
    public int Allowance { get; private set; }

    /// <summary>Does everything a visit does; returns the token as it goes on.</summary>
    public RegularToken Run(TokenRing ring, in RegularToken token, in RetransmitRequestList asked, IFrameSource source)
    {
        var queued = source.QueuedFrames;
        // Nobody has sent anything since we last had the token: whatever the token says, nothing counts against the
        // window. A sum that was forged or lost its owner would otherwise silence the ring for ever.
        var wasQuiet = token.Seq == ring.SentSeq && asked.Count == 0 && _requestCount == 0;
        var sentByAll = wasQuiet ? Math.Min(token.FlowControlCount, ring.Flow.SentLast) : token.FlowControlCount;
        var allowed = ring.Flow.Allowed(sentByAll, token.Backlog, queued);
        _requestCount = 0;
        var served = Serve(ring, asked, allowed);

        LearnSafe(ring, token.Aru);
        var sent = Multicast(ring, token.Seq, allowed - served, source, out var seq);
        Invariant.That(served + sent <= allowed, "a visit sends no more than flow control allows");
        Invariant.That(seq.DistanceFrom(token.Seq) == sent, "a visit gives as many numbers as it numbers frames");
        Allowance = Math.Max(0, allowed - served - sent);
        var (aru, setter) = CorrectAru(ring, token, seq);
        AskForMissing(ring);
        Invariant.That(_requestCount <= _requests.Length, "a token carries no more requests than fit it");

        var (flowControlCount, backlog) = ring.Flow.Account(
            sentByAll, token.Backlog, queued, served + sent, isLossy: asked.Count > 0 || _requestCount > 0);
        ring.UnchangedVisits = token.Seq == ring.LastSeq ? ring.UnchangedVisits + 1 : 0;
        if (sent > 0)
            ring.UnchangedVisits = 0;
        ring.LastTokenSeq = token.TokenSeq;
        ring.LastSeq = token.Seq;
        ring.SentAru = aru;
        ring.SentSeq = seq;
        observer.OnEvent(new RingEvent(
            RingEventKind.TokenVisit, ring.Id, token.Header.Node, Seq: token.Seq, TokenSeq: token.TokenSeq,
            Count: sent));
        return token with
        {
            Header = new FrameHeader(FrameKind.RegularToken, Encapsulation.None, options.Self),
            Seq = seq,
            TokenSeq = token.TokenSeq.Next,
            Aru = aru,
            AruSetter = setter,
            Backlog = backlog,
            FlowControlCount = flowControlCount,
            RequestCount = _requestCount,
        };
    }

    /// <summary>The token rests here and the visit goes on: multicasts what has come to wait since,
    /// all of it at once.</summary>
    /// <returns>How many frames, and whether one of them is safe.</returns>
    public (int Sent, bool IsSafe) Extend(TokenRing ring, Seq through, int allowance, IFrameSource source, out Seq seq)
    {
        MulticastRest(ring);
        var sent = Number(ring, through, allowance, source, out seq);
        (_multicastThrough, _numberedThrough) = (through, seq);
        MulticastThrough(ring, seq);
        Invariant.That(sent <= allowance, "no more is numbered than the share of a visit that was left");
        Invariant.That(seq.DistanceFrom(through) == sent, "as many numbers are given as frames are numbered");
        ring.Log.AdvanceDeliverable();
        var isSafe = false;
        for (var i = 1; i <= sent; i++)
            isSafe |= ring.Log.Window.IsSafe(through + i);
        if (sent > 0)
            ring.UnchangedVisits = 0;
        ring.SentSeq = seq;
        return (sent, isSafe);
    }

    /// <summary>A visit that went on for a while ends: the aru is judged by what we have now.</summary>
    public RegularToken Close(TokenRing ring, in RegularToken token)
    {
        var (aru, setter) = CorrectAru(ring, token, token.Seq);
        (ring.SentAru, ring.SentSeq) = (aru, token.Seq);
        return token with { Aru = aru, AruSetter = setter };
    }

    /// <summary>Multicasts again what others miss and we hold; the rest of the requests goes on
    /// with the token.</summary>
    private int Serve(TokenRing ring, in RetransmitRequestList asked, int allowed)
    {
        var served = 0;
        for (var i = 0; i < asked.Count; i++)
        {
            var request = asked[i];
            if (served < allowed && request.Ring == ring.Id && ring.Log.Window.Contains(request.Seq))
            {
                outbox.AddFromWindow(ring.Log.Window, request.Seq);
                observer.OnEvent(new RingEvent(RingEventKind.MessageRetransmitted, ring.Id, Seq: request.Seq));
                served++;
            }
            else if (request.Ring == ring.Id && request.Seq > ring.Log.Window.Released)
            {
                _requests[_requestCount++] = request;
            }
        }

        return served;
    }

    /// <summary>
    /// Everything up to the lower of the aru that left with our last token and the aru that came back has been received
    /// by all: whoever lacked a message would have lowered the aru on the way, and only that processor may raise it
    /// again, one rotation later. That is the two successive visits of safe delivery (TOCS95, safe delivery).
    /// </summary>
    private static void LearnSafe(TokenRing ring, Seq aru)
    {
        ring.Log.AdvanceSafe(Seq.Min(Seq.Min(ring.SentAru, aru), ring.Log.Window.Aru));
        ring.Log.AdvanceDeliverable();
        ring.Log.SkipEncapsulated();
        ring.Log.Release();
    }

    /// <summary>The token has left, or will not: now the frames that were to follow it.</summary>
    public void MulticastRest(TokenRing ring)
    {
        if (_multicastThrough == _numberedThrough)
            return;
        var count = _numberedThrough.DistanceFrom(_multicastThrough);
        Invariant.That(count > 0, "nothing is multicast before it has a number");
        observer.OnEvent(
            new RingEvent(RingEventKind.MulticastAfterToken, ring.Id, Seq: _multicastThrough.Next, Count: count));
        MulticastThrough(ring, _numberedThrough);
    }

    private int Multicast(TokenRing ring, Seq tokenSeq, int allowed, IFrameSource source, out Seq seq)
    {
        Invariant.That(
            _multicastThrough == _numberedThrough, "what a visit numbers is multicast before the next visit");
        var sent = Number(ring, tokenSeq, allowed, source, out seq);
        (_multicastThrough, _numberedThrough) = (tokenSeq, seq);
        MulticastThrough(ring, tokenSeq + ring.Passing.CountBeforeToken(sent));
        ring.Log.AdvanceDeliverable();
        return sent;
    }

    /// <summary>Gives the next numbers to what waits, and keeps it.</summary>
    private int Number(TokenRing ring, Seq tokenSeq, int allowed, IFrameSource source, out Seq seq)
    {
        var window = ring.Log.Window;
        // No member may be asked to hold more than half of its window beyond what it has said it has; what we have not
        // released stands for that, because somebody may not have said it.
        var room = (window.Released + (ring.FramesAheadMax - ring.Flow.Window.Largest)).DistanceFrom(tokenSeq);
        var sent = 0;
        for (seq = tokenSeq; sent < Math.Min(allowed, room) && source.QueuedFrames > 0; sent++)
        {
            seq = seq.Next;
            var buffer = buffers.Rent(source.NextFrameBytesMax);
            var frame = source.WriteFrame(buffer, ring.Id, seq, _originCount++);
            Invariant.That(frame.Length > WireFormat.RegularMessageHeaderBytes, "a frame carries more than its header");
            Invariant.That(frame.Length <= buffer.Length, "a frame is no longer than it was said to be");
            window.Keep(seq, options.Self, frame.Flags, buffer, frame.Length);
        }

        if (sent > 0)
            ring.OwnThrough = seq;
        Invariant.That(sent == 0 || window.High == seq, "a new number is the highest");
        return sent;
    }

    private void MulticastThrough(TokenRing ring, Seq through)
    {
        while (_multicastThrough < through)
        {
            _multicastThrough = _multicastThrough.Next;
            outbox.AddFromWindow(ring.Log.Window, _multicastThrough);
        }
    }

    /// <summary>WIRE §10.6: who lacks something, or whose reader lags, lowers the aru, and only who
    /// lowered it raises it.</summary>
    private (Seq Aru, ProcessorId Setter) CorrectAru(TokenRing ring, in RegularToken token, Seq seq)
    {
        var aru = ring.Log.AruWithin(ring.FramesAheadMax);
        if (aru < token.Aru || token.AruSetter == options.Self || token.AruSetter.IsNone)
            return (aru, aru == seq ? ProcessorId.None : options.Self);
        return (token.Aru, token.AruSetter);
    }

    /// <summary>
    /// Asks only for what the token counted one rotation ago: newer frames may still be on their way on another path,
    /// and asking for them would double the traffic of a healthy ring.
    /// </summary>
    private void AskForMissing(TokenRing ring)
    {
        var window = ring.Log.Window;
        var inherited = _requestCount;
        for (var seq = window.Aru.Next; seq <= ring.LastSeq && _requestCount < _requests.Length; seq = seq.Next)
        {
            if (!window.Covers(seq))
                break;
            if (!window.Contains(seq) && !IsAsked(seq, inherited))
                _requests[_requestCount++] = new RetransmitRequest(ring.Id, seq);
        }

        if (_requestCount > inherited)
        {
            observer.OnEvent(new RingEvent(
                RingEventKind.RetransmitRequested, ring.Id, Seq: _requests[inherited].Seq,
                Count: _requestCount - inherited));
        }
    }

    private bool IsAsked(Seq seq, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (_requests[i].Seq == seq)
                return true;
        }

        return false;
    }
}
