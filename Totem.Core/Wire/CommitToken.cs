using Totem.Core.Model;

namespace Totem.Core.Wire;

/// <summary>One member's word on its old ring in a commit token (WIRE §5.5).</summary>
/// <param name="OldRing">The last ring that member was operational on; all zero while the entry is
/// not filled in.</param>
/// <param name="Aru">All received up to here, on the old ring.</param>
/// <param name="HighDelivered">The highest number delivered in the old regular configuration.</param>
/// <param name="ReceivedFlag">True when that member has everything it knows of.</param>
public readonly record struct CommitEntry(RingId OldRing, Seq Aru, Seq HighDelivered, bool ReceivedFlag);

/// <summary>Commits a membership: it goes round twice, and collects each member's state of its old
/// ring on the way.</summary>
/// <param name="Header">The frame's header; its node is who sent the token last.</param>
/// <param name="TokenSeq">One more at every send; not evaluated.</param>
/// <param name="Ring">The new ring.</param>
/// <param name="RetransFlag">Always 0 on the wire.</param>
/// <param name="FilledCount">How many entries are filled in (memb_index).</param>
/// <param name="Members">The members in ascending order.</param>
/// <param name="Entries">One entry a member, in the same order. Not copied: treat it as read-only.</param>
public sealed record CommitToken(
    FrameHeader Header,
    TokenSeq TokenSeq,
    RingId Ring,
    uint RetransFlag,
    int FilledCount,
    ProcessorSet Members,
    CommitEntry[] Entries)
{
    /// <summary>True when every member has filled in its entry: the token is on its second way round.</summary>
    public bool IsComplete => FilledCount == Members.Count;

    /// <summary>Reads the frame; null unless the result is <see cref="DecodeResult.Ok"/>.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out CommitToken? token)
    {
        token = null;
        var result = FrameHeader.TryRead(frame, FrameKind.CommitToken, out var header);
        if (result != DecodeResult.Ok)
            return result;
        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        var tokenSeq = new TokenSeq(reader.U32());
        var ring = reader.RingId();
        var retransFlag = reader.U32();
        var filledCount = (int)reader.U32();
        var count = reader.U32();
        result = ProcessorList.TryRead(ref reader, count, out var members, out var foreignOrder);
        if (result != DecodeResult.Ok)
            return result;
        // The address list is a set in ascending order; anything else would make two members disagree on their places.
        if (foreignOrder is not null || members!.IsEmpty || ring.Representative != members.Lowest)
            return DecodeResult.InvalidProcessor;
        if (filledCount < 0 || filledCount > members.Count)
            return DecodeResult.CountOutOfRange;

        var entries = new CommitEntry[members.Count];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = new CommitEntry(reader.RingId(), reader.Seq(), reader.Seq(), reader.U32() != 0);
        if (reader.Failed)
            return DecodeResult.TooShort;
        token = new CommitToken(header, tokenSeq, ring, retransFlag, filledCount, members, entries);
        return DecodeResult.Ok;
    }

    /// <summary>True when both say the same, entry by entry.</summary>
    public bool Equals(CommitToken? other) => other is not null && Header == other.Header && TokenSeq == other.TokenSeq
        && Ring == other.Ring && RetransFlag == other.RetransFlag && FilledCount == other.FilledCount
        && Members == other.Members && Entries.AsSpan().SequenceEqual(other.Entries);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Header, TokenSeq, Ring, FilledCount, Members);

    internal void Write(ref WireWriter writer)
    {
        Header.Write(ref writer);
        writer.U32(TokenSeq.Value);
        writer.RingId(Ring);
        writer.U32(RetransFlag);
        writer.U32((uint)FilledCount);
        writer.U32((uint)Members.Count);
        ProcessorList.Write(ref writer, Members);
        foreach (var entry in Entries)
        {
            writer.RingId(entry.OldRing);
            writer.Seq(entry.Aru);
            writer.Seq(entry.HighDelivered);
            writer.U32(entry.ReceivedFlag ? 1u : 0u);
        }
    }
}
