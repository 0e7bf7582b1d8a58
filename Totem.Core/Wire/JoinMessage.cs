namespace Totem.Core.Wire;

/// <summary>A proposal for a membership, or a farewell (WIRE §5.4 and §9.13).</summary>
/// <param name="Header">The frame's header; its node is the sender, or nobody in a farewell.</param>
/// <param name="System">The sender, also in a farewell.</param>
/// <param name="RingSequence">The sequence of the sender's current ring.</param>
/// <param name="Proposed">The processors that the sender knows (proc set).</param>
/// <param name="Failed">The processors that the sender excludes (fail set).</param>
public sealed record JoinMessage(
    FrameHeader Header, ProcessorId System, ulong RingSequence, ProcessorSet Proposed, ProcessorSet Failed)
{
    // corosync lists processors in order of discovery. The order has no meaning, and is kept so
    // that a frame re-encodes.
    private ProcessorId[]? ProposedOrder { get; init; }

    private ProcessorId[]? FailedOrder { get; init; }

    /// <summary>Why somebody is in the fail set; null when the sender does not say (it is not one of ours).</summary>
    public JoinTrailer? Trailer { get; init; }

    /// <summary>The length of the frame this message is written as.</summary>
    internal int EncodedBytes => WireFormat.JoinBytes
        + 4 * ((ProposedOrder?.Length ?? Proposed.Count) + (FailedOrder?.Length ?? Failed.Count))
        + (Trailer?.EncodedBytes ?? 0);

    /// <summary>True when the message proposes just these sets.</summary>
    internal bool Proposes(ProcessorSet proposed, ProcessorSet failed) => Proposed == proposed && Failed == failed;

    /// <summary>True when the sender says goodbye.</summary>
    public bool IsLeave => Header.Node.IsNone;

    /// <summary>Reads the frame; null unless the result is <see cref="DecodeResult.Ok"/>.</summary>
    public static DecodeResult TryRead(ReadOnlySpan<byte> frame, out JoinMessage? join)
    {
        join = null;
        var result = FrameHeader.TryRead(frame, FrameKind.Join, out var header);
        if (result != DecodeResult.Ok)
            return result;
        var reader = new WireReader(frame[WireFormat.HeaderBytes..], header.Swapped);
        var system = reader.ProcessorId();
        var proposedCount = reader.U32();
        var failedCount = reader.U32();
        var ringSequence = reader.U64();
        if (system.IsNone || (!header.Node.IsNone && header.Node != system))
            return DecodeResult.InvalidProcessor;
        result = ProcessorList.TryRead(ref reader, proposedCount, out var proposed, out var proposedOrder);
        if (result != DecodeResult.Ok)
            return result;
        result = ProcessorList.TryRead(ref reader, failedCount, out var failed, out var failedOrder);
        if (result != DecodeResult.Ok)
            return result;
        result = JoinTrailer.TryRead(ref reader, out var trailer);
        if (result != DecodeResult.Ok)
            return result;
        join = new JoinMessage(header, system, ringSequence, proposed!, failed!)
        {
            ProposedOrder = proposedOrder,
            FailedOrder = failedOrder,
            Trailer = trailer,
        };
        return DecodeResult.Ok;
    }

    /// <summary>True when both say the same; the order in which they list processors is not part of it.</summary>
    public bool Equals(JoinMessage? other) => other is not null && Header == other.Header && System == other.System
        && RingSequence == other.RingSequence && Proposed == other.Proposed && Failed == other.Failed
        && Trailer == other.Trailer;

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Header, System, RingSequence, Proposed, Failed);

    internal void Write(ref WireWriter writer)
    {
        var proposed = ProposedOrder is null ? Proposed.AsSpan() : ProposedOrder;
        var failed = FailedOrder is null ? Failed.AsSpan() : FailedOrder;
        Header.Write(ref writer);
        writer.ProcessorId(System);
        writer.U32((uint)proposed.Length);
        writer.U32((uint)failed.Length);
        writer.U64(RingSequence);
        ProcessorList.Write(ref writer, proposed);
        ProcessorList.Write(ref writer, failed);
        Trailer?.Write(ref writer);
    }
}
