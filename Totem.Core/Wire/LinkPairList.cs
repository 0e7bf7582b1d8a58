using Totem.Core.Model;

namespace Totem.Core.Wire;

/// <summary>A list of broken links in a trailer of ours.</summary>
internal static class LinkPairList
{
    /// <summary>The most pairs one list holds.</summary>
    public const int CountMax = 128;

    public static int EncodedBytes(IReadOnlyCollection<LinkPair> pairs) => 2 + (8 * pairs.Count);

    public static DecodeResult TryRead(ref WireReader reader, out LinkPair[]? pairs)
    {
        pairs = null;
        var count = reader.U16();
        if (count > CountMax)
            return DecodeResult.CountOutOfRange;
        var read = new LinkPair[count];
        for (var i = 0; i < count; i++)
        {
            var (one, other) = (reader.ProcessorId(), reader.ProcessorId());
            if (one.IsNone || other.IsNone || one == other)
                return reader.Failed ? DecodeResult.TooShort : DecodeResult.InvalidProcessor;
            read[i] = new LinkPair(one, other);
        }

        if (reader.Failed)
            return DecodeResult.TooShort;
        pairs = read;
        return DecodeResult.Ok;
    }

    public static void Write(ref WireWriter writer, IReadOnlyCollection<LinkPair> pairs)
    {
        writer.U16((ushort)pairs.Count);
        foreach (var pair in pairs)
        {
            writer.ProcessorId(pair.Low);
            writer.ProcessorId(pair.High);
        }
    }
}
