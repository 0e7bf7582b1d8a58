using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Ordering;

/// <summary>
/// The last token we sent, regular, lent or commit, as it stands on the wire: it is repeated until
/// a sign of life comes.
/// </summary>
internal sealed class SentToken(
    RingOptions options, FrameBuffers buffers, Outbox outbox, DeadlineTable deadlines, IRingObserver observer)
{
    private const int BytesMax = WireFormat.CommitTokenBytes + (WireFormat.CommitMemberBytes * ProcessorSet.MaxCount);

    private readonly byte[] _bytes = new byte[BytesMax];
    private int _length;
    private ProcessorId _destination;
    private TokenSeq _tokenSeq;

    /// <summary>Keeps a token to be sent, with the requests it carries.</summary>
    public void Keep(in RegularToken token, ReadOnlySpan<RetransmitRequest> requests, ProcessorId destination)
    {
        // TokenCheck asks the same of a token that comes.
        Invariant.That(token.RequestCount == requests.Length, "a token carries as many requests as it says");
        Invariant.That(token.Header.Node == options.Self, "a token leaves in our name");
        Invariant.That(token.Aru <= token.Seq, "a token claims nothing that has no number");
        Invariant.That(!destination.IsNone, "a token goes to one processor");
        var writer = new WireWriter(_bytes);
        token.Write(ref writer);
        foreach (var request in requests)
            request.Write(ref writer);
        (_length, _destination, _tokenSeq) = (writer.WrittenBytes, destination, token.TokenSeq);
        Invariant.That(
            _length == WireFormat.RegularTokenBytes + (requests.Length * WireFormat.RetransmitRequestBytes),
            "a token is as long as it says");
    }

    /// <summary>Keeps a loan, or its return, to be sent.</summary>
    public void Keep(in TokenLoan loan, ProcessorId destination)
    {
        var writer = new WireWriter(_bytes);
        loan.Write(ref writer);
        Invariant.That(loan.Header.Node == options.Self, "a loan leaves in our name");
        Invariant.That(writer.WrittenBytes == WireFormat.TokenLoanBytes, "a loan has one length");
        (_length, _destination, _tokenSeq) = (writer.WrittenBytes, destination, loan.TokenSeq);
    }

    /// <summary>Keeps a commit token to be sent.</summary>
    public void Keep(CommitToken token, ProcessorId destination)
    {
        var writer = new WireWriter(_bytes);
        token.Write(ref writer);
        Invariant.That(token.Entries.Length == token.Members.Count, "a commit token has an entry for each member");
        Invariant.That(
            writer.WrittenBytes == WireFormat.CommitTokenBytes + (WireFormat.CommitMemberBytes * token.Members.Count),
            "a commit token is as long as it says");
        (_length, _destination, _tokenSeq) = (writer.WrittenBytes, destination, token.TokenSeq);
    }

    /// <summary>Sends what is kept, and again after a while.</summary>
    public void Send(Instant now)
    {
        Invariant.That(_length > 0, "only a token that was kept is sent");
        var buffer = buffers.Rent(_length);
        _bytes.AsSpan(0, _length).CopyTo(buffer);
        outbox.Add(_destination, buffer, _length);
        deadlines.Set(Deadline.TokenRetransmit, now + options.TokenRetransmit);
    }

    /// <summary>Nothing has shown that the successor has it: once more.</summary>
    public void Repeat(RingId ring, Instant now)
    {
        Send(now);
        observer.OnEvent(new RingEvent(RingEventKind.TokenRetransmitted, ring, _destination, TokenSeq: _tokenSeq));
    }

    /// <summary>Something shows that the successor has it, or it is not on its way at all.</summary>
    public void StopRepeating() => deadlines.Clear(Deadline.TokenRetransmit);
}
