using System.Buffers.Binary;
using System.Numerics;

namespace Totem.Simulation.Traces;

/// <summary>
/// A 64-bit hash over bytes for <see cref="TraceEvent.PayloadHash"/>: the same on every machine, eight bytes a step,
/// good against accidents and worthless against attackers.
/// </summary>
/// <remarks>
/// Each step is a bijection of the state for a given word and of the word for a given state (xor, multiplication by an
/// odd number, rotation), so two inputs of one length that differ in one word never collide.
/// </remarks>
public static class PayloadHash
{
    // Odd, with about half of their bits set: the fractional parts of the golden ratio and of the square root of two.
    private const ulong WordFactor = 0x9E37_79B9_7F4A_7C15;
    private const ulong StateFactor = 0x6A09_E667_F3BC_C909;

    /// <summary>The hash of the bytes.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes) => Of(bytes, seed: 0);

    /// <summary>The hash of the bytes, going on from another hash.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes, ulong seed)
    {
        var state = Step(seed ^ StateFactor, (ulong)bytes.Length);
        while (bytes.Length >= sizeof(ulong))
        {
            state = Step(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        if (!bytes.IsEmpty)
        {
            Span<byte> last = stackalloc byte[sizeof(ulong)];
            last.Clear();
            bytes.CopyTo(last);
            state = Step(state, BinaryPrimitives.ReadUInt64LittleEndian(last));
        }

        return Mix(state);
    }

    /// <summary>Spreads every bit over all: the last step of the hash, and a generator of filler
    /// when it is fed a counter.</summary>
    internal static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 32)) * WordFactor;
        x = (x ^ (x >> 29)) * StateFactor;
        return x ^ (x >> 32);
    }

    private static ulong Step(ulong state, ulong word) =>
        BitOperations.RotateLeft(state ^ (word * WordFactor), 29) * StateFactor;
}
