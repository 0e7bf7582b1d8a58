namespace Totem.Core.Wire;

/// <summary>
/// Our merge detects' words behind the announced length, where corosync does not look: with whom a merge can work.
/// </summary>
/// <param name="Heard">The processors that the sender has heard of late.</param>
/// <param name="Broken">Broken links between a member of the sender's ring and a stranger.</param>
public sealed record MergeTrailer(ProcessorSet Heard, IReadOnlyCollection<BrokenLink> Broken)
{
    private const uint Magic = 0x4854_4F54; // "TOTH", little-endian: Totem, heard.

    internal int EncodedBytes => 4 + 2 + (4 * Heard.Count) + BrokenLinkList.EncodedBytes(Broken);

    /// <summary>True when both name the same processors, and the same links in the same order.</summary>
    public bool Equals(MergeTrailer? other) =>
        other is not null && Heard == other.Heard && Broken.SequenceEqual(other.Broken);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Heard, Broken.Count);

    internal static DecodeResult TryRead(ref WireReader reader, out MergeTrailer? trailer)
    {
        trailer = null;
        if (reader.RemainingBytes < 8 || reader.U32() != Magic)
            return DecodeResult.Ok;
        var result = ProcessorList.TryRead(ref reader, reader.U16(), out var heard);
        if (result != DecodeResult.Ok)
            return result;
        result = BrokenLinkList.TryRead(ref reader, out var broken);
        if (result == DecodeResult.Ok)
            trailer = new MergeTrailer(heard!, broken!);
        return result;
    }

    internal void Write(ref WireWriter writer)
    {
        writer.U32(Magic);
        writer.U16((ushort)Heard.Count);
        ProcessorList.Write(ref writer, Heard);
        BrokenLinkList.Write(ref writer, Broken);
    }
}
