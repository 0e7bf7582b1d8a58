using Totem.Core.Model;

namespace Totem.Core.Wire;

/// <summary>The token that orders messages, without its list of requests (WIRE §5.1).</summary>
/// <param name="Header">The frame's header; its node is who forwarded the token last.</param>
/// <param name="Seq">The highest message number assigned on this ring.</param>
/// <param name="TokenSeq">One more at every hop.</param>
/// <param name="Aru">All received up to here, as far as the ring knows; it may fall.</param>
/// <param name="AruSetter">The member that lowered <paramref name="Aru"/>; nobody when it follows
/// <paramref name="Seq"/>.</param>
/// <param name="Ring">The ring this token belongs to.</param>
/// <param name="Backlog">The sum of what all members have waiting.</param>
/// <param name="FlowControlCount">Messages multicast during the last rotation (fcc).</param>
/// <param name="RetransFlag">Recovery: some member still has old messages to originate.</param>
/// <param name="RequestCount">How many retransmission requests follow.</param>
public readonly record struct RegularToken(
    FrameHeader Header,
    Seq Seq,
    TokenSeq TokenSeq,
    Seq Aru,
    ProcessorId AruSetter,
    RingId Ring,
    uint Backlog,
    uint FlowControlCount,
    uint RetransFlag,
    int RequestCount)
{
    /// <summary>Reads a token; the requests are left in <paramref name="requests"/>, valid as long
    /// as the frame is.</summary>
    public static DecodeResult TryRead(
        ReadOnlySpan<byte> frame, out RegularToken token, out RetransmitRequestList requests)
    {
        token = default;
        requests = default;
        var result = FrameHeader.TryRead(frame, FrameKind.RegularToken, out var header);
        if (result != DecodeResult.Ok)
            return result;

        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        token = new RegularToken(
            header, reader.Seq(), new TokenSeq(reader.U32()), reader.Seq(), reader.ProcessorId(), reader.RingId(),
            reader.U32(), reader.U32(), reader.U32(), (int)reader.U32());
        if (token.RequestCount is < 0 or > WireFormat.MaxRetransmitRequestCount)
            return DecodeResult.CountOutOfRange;
        requests = new RetransmitRequestList(
            reader.Take(token.RequestCount * WireFormat.RetransmitRequestBytes), header.Swapped);
        return reader.Failed ? DecodeResult.TooShort : DecodeResult.Ok;
    }

    /// <summary>Writes the fixed part; the caller appends <see cref="RequestCount"/> requests.</summary>
    internal void Write(ref WireWriter writer)
    {
        Header.Write(ref writer);
        writer.Seq(Seq);
        writer.U32(TokenSeq.Value);
        writer.Seq(Aru);
        writer.ProcessorId(AruSetter);
        writer.RingId(Ring);
        writer.U32(Backlog);
        writer.U32(FlowControlCount);
        writer.U32(RetransFlag);
        writer.U32((uint)RequestCount);
    }
}

/// <summary>A message somebody misses.</summary>
/// <param name="Ring">The ring it was sent on.</param>
/// <param name="Seq">Its number there.</param>
public readonly record struct RetransmitRequest(RingId Ring, Seq Seq)
{
    internal void Write(ref WireWriter writer)
    {
        writer.RingId(Ring);
        writer.Seq(Seq);
    }
}

/// <summary>The requests of a token, read where they lie.</summary>
public readonly ref struct RetransmitRequestList
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly bool _swapped;

    internal RetransmitRequestList(ReadOnlySpan<byte> bytes, bool swapped)
    {
        _bytes = bytes;
        _swapped = swapped;
    }

    /// <summary>How many requests there are.</summary>
    public int Count => _bytes.Length / WireFormat.RetransmitRequestBytes;

    /// <summary>The request at this place.</summary>
    public RetransmitRequest this[int index]
    {
        get
        {
            var reader = new WireReader(
                _bytes.Slice(index * WireFormat.RetransmitRequestBytes, WireFormat.RetransmitRequestBytes), _swapped);
            return new RetransmitRequest(reader.RingId(), reader.Seq());
        }
    }
}
