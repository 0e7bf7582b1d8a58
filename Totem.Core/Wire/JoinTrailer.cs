using Totem.Core.Model;

namespace Totem.Core.Wire;

/// <summary>
/// What our join messages say behind the announced length, where corosync does not look: why somebody is in the fail set.
/// Without it, two members that do not hear each other make the others choose between them at random, and for ever anew.
/// </summary>
/// <param name="Silent">Members of the fail set from which the sender itself has heard nothing.</param>
/// <param name="Broken">Pairs known not to hear each other although others hear both.</param>
public sealed record JoinTrailer(ProcessorSet Silent, IReadOnlyList<LinkPair> Broken)
{
    /// <summary>The most pairs one message carries.</summary>
    public const int PairCountMax = 128;

    private const uint TrailerMagic = 0x4A54_4F54; // "TOTJ", little-endian: Totem, join.

    /// <summary>The trailer of a message that explains nothing.</summary>
    public static JoinTrailer Empty { get; } = new(ProcessorSet.Empty, []);

    /// <summary>How long this trailer is on the wire.</summary>
    internal int EncodedBytes => 4 + 2 + (4 * Silent.Count) + 2 + (8 * Broken.Count);

    internal static DecodeResult TryRead(ref WireReader reader, out JoinTrailer? trailer)
    {
        trailer = null;
        if (reader.RemainingBytes < 8 || reader.U32() != TrailerMagic)
            return DecodeResult.Ok;
        var result = ProcessorList.TryRead(ref reader, reader.U16(), out var silent);
        if (result != DecodeResult.Ok)
            return result;
        var count = reader.U16();
        if (count > PairCountMax)
            return DecodeResult.CountOutOfRange;
        var pairs = new LinkPair[count];
        for (var i = 0; i < count; i++)
        {
            var (one, other) = (reader.ProcessorId(), reader.ProcessorId());
            if (one.IsNone || other.IsNone || one == other)
                return reader.Failed ? DecodeResult.TooShort : DecodeResult.InvalidProcessor;
            pairs[i] = new LinkPair(one, other);
        }

        if (reader.Failed)
            return DecodeResult.TooShort;
        trailer = new JoinTrailer(silent!, pairs);
        return DecodeResult.Ok;
    }

    internal void Write(ref WireWriter writer)
    {
        writer.U32(TrailerMagic);
        writer.U16((ushort)Silent.Count);
        ProcessorList.Write(ref writer, Silent);
        writer.U16((ushort)Broken.Count);
        foreach (var pair in Broken)
        {
            writer.ProcessorId(pair.Low);
            writer.ProcessorId(pair.High);
        }
    }
}
