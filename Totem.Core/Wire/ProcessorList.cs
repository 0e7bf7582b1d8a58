namespace Totem.Core.Wire;

/// <summary>A list of processor ids on the wire. The order has no meaning; corosync appends in
/// order of discovery.</summary>
internal static class ProcessorList
{
    public static DecodeResult TryRead(ref WireReader reader, uint count, out ProcessorSet? set) =>
        TryRead(ref reader, count, out set, out _);

    /// <summary>Reads a list; <paramref name="order"/> is null when it stood in the set's own order.</summary>
    public static DecodeResult TryRead(
        ref WireReader reader, uint count, out ProcessorSet? set, out ProcessorId[]? order)
    {
        set = null;
        order = null;
        if (count > ProcessorSet.MaxCount)
            return DecodeResult.CountOutOfRange;
        Span<ProcessorId> ids = stackalloc ProcessorId[ProcessorSet.MaxCount];
        for (var i = 0; i < count; i++)
        {
            ids[i] = reader.ProcessorId();
            if (reader.Failed)
                return DecodeResult.TooShort;
            if (ids[i].IsNone)
                return DecodeResult.InvalidProcessor;
        }

        set = ProcessorSet.Of(ids[..(int)count]);
        if (!set.AsSpan().SequenceEqual(ids[..(int)count]))
            order = ids[..(int)count].ToArray();
        return DecodeResult.Ok;
    }

    public static void Write(ref WireWriter writer, ProcessorSet set) => Write(ref writer, set.AsSpan());

    public static void Write(ref WireWriter writer, ReadOnlySpan<ProcessorId> ids)
    {
        foreach (var id in ids)
            writer.ProcessorId(id);
    }
}
