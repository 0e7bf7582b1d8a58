namespace Totem.Sheepdog.Ordering;

/// <summary>A buffer of a join as it travels: without the zeros at its end.</summary>
/// <param name="Used">The bytes up to the last that is not zero.</param>
/// <param name="Length">How long the buffer is for sheep.</param>
internal readonly record struct Opaque(ReadOnlyMemory<byte> Used, int Length)
{
    /// <summary>The buffer in its full length.</summary>
    public byte[] Restore()
    {
        var bytes = new byte[Length];
        Used.Span.CopyTo(bytes);
        return bytes;
    }

    /// <summary>A copy of a buffer.</summary>
    public static Opaque Of(ReadOnlySpan<byte> bytes) =>
        new(bytes[..(bytes.LastIndexOfAnyExcept((byte)0) + 1)].ToArray(), bytes.Length);
}
