namespace Totem.Core.Wire;

/// <summary>A list of broken links in a trailer of ours.</summary>
internal static class BrokenLinkList
{
    /// <summary>The most links one list holds.</summary>
    public const int CountMax = 128;

    public static int EncodedBytes(IReadOnlyCollection<BrokenLink> links) => 2 + (8 * links.Count);

    public static DecodeResult TryRead(ref WireReader reader, out BrokenLink[]? links)
    {
        links = null;
        var count = reader.U16();
        if (count > CountMax)
            return DecodeResult.CountOutOfRange;
        var read = new BrokenLink[count];
        for (var i = 0; i < count; i++)
        {
            var (one, other) = (reader.ProcessorId(), reader.ProcessorId());
            if (one.IsNone || other.IsNone || one == other)
                return reader.Failed ? DecodeResult.TooShort : DecodeResult.InvalidProcessor;
            read[i] = new BrokenLink(one, other);
        }

        if (reader.Failed)
            return DecodeResult.TooShort;
        links = read;
        return DecodeResult.Ok;
    }

    public static void Write(ref WireWriter writer, IReadOnlyCollection<BrokenLink> links)
    {
        writer.U16((ushort)links.Count);
        foreach (var link in links)
        {
            writer.ProcessorId(link.Listener);
            writer.ProcessorId(link.Speaker);
        }
    }
}
