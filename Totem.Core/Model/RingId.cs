namespace Totem;

/// <summary>Names one regular configuration: the processor that created it and a sequence number
/// that never repeats.</summary>
/// <param name="Representative">The lowest id of the ring; it creates the tokens.</param>
/// <param name="Sequence">
/// Grows by 4 with each ring and survives crashes on stable storage. 64 bits: at a thousand rings a second, 146 million
/// years; compared circularly all the same, because the width is imposed by the wire.
/// </param>
public readonly record struct RingId(ProcessorId Representative, ulong Sequence)
{
    /// <summary>True when ring sequence <paramref name="a"/> comes after <paramref name="b"/>, circularly.</summary>
    public static bool IsLater(ulong a, ulong b) => (long)(a - b) > 0;

    /// <summary>The later of two ring sequences, circularly.</summary>
    public static ulong Later(ulong a, ulong b) => IsLater(a, b) ? a : b;

    /// <summary>The form logs and traces use: <c>1.13</c> is ring 13 of representative 1.</summary>
    public override string ToString() => $"{Representative}.{Sequence}";
}
