namespace Totem.Core.Wire;

/// <summary>
/// Our join messages' words behind the announced length, where corosync does not look: why somebody is in the fail set.
/// Without it, two members that do not hear each other make the others choose between them at
/// random, and for ever anew.
/// </summary>
/// <param name="Silent">Members of the fail set from which the sender itself has heard nothing.</param>
/// <param name="Broken">Links known to carry nothing although others hear both ends.</param>
/// <param name="Heard">The processors that the sender has heard of late, in the fail set or not: a link may have mended
/// since.</param>
public sealed record JoinTrailer(ProcessorSet Silent, IReadOnlyList<BrokenLink> Broken, ProcessorSet Heard)
{
    private const uint TrailerMagic = 0x4A54_4F54; // "TOTJ", little-endian: Totem, join.

    /// <summary>The trailer of a message that explains nothing.</summary>
    public static JoinTrailer Empty { get; } = new(ProcessorSet.Empty, [], ProcessorSet.Empty);

    /// <summary>How long this trailer is on the wire.</summary>
    internal int EncodedBytes =>
        4 + 2 + (4 * Silent.Count) + BrokenLinkList.EncodedBytes(Broken) + 2 + (4 * Heard.Count);

    /// <summary>True when both name the same processors, and the same links in the same order.</summary>
    public bool Equals(JoinTrailer? other) =>
        other is not null && Silent == other.Silent && Heard == other.Heard && Broken.SequenceEqual(other.Broken);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Silent, Broken.Count);

    internal static DecodeResult TryRead(ref WireReader reader, out JoinTrailer? trailer)
    {
        trailer = null;
        if (reader.RemainingBytes < 8 || reader.U32() != TrailerMagic)
            return DecodeResult.Ok;
        var result = ProcessorList.TryRead(ref reader, reader.U16(), out var silent);
        if (result != DecodeResult.Ok)
            return result;
        result = BrokenLinkList.TryRead(ref reader, out var pairs);
        if (result != DecodeResult.Ok)
            return result;
        result = ProcessorList.TryRead(ref reader, reader.U16(), out var heard);
        if (result == DecodeResult.Ok && reader.Failed)
            result = DecodeResult.TooShort;
        if (result == DecodeResult.Ok)
            trailer = new JoinTrailer(silent!, pairs!, heard!);
        return result;
    }

    internal void Write(ref WireWriter writer)
    {
        writer.U32(TrailerMagic);
        writer.U16((ushort)Silent.Count);
        ProcessorList.Write(ref writer, Silent);
        BrokenLinkList.Write(ref writer, Broken);
        writer.U16((ushort)Heard.Count);
        ProcessorList.Write(ref writer, Heard);
    }
}
