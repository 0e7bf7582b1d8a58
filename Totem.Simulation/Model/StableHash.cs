using System.Buffers.Binary;

namespace Totem.Simulation.Model;

/// <summary>64-bit mixing for digests, payloads and dice: the same on every machine, not meant to
/// resist anybody.</summary>
internal static class StableHash
{
    private const ulong Prime0 = 0xA076_1D64_78BD_642F;
    private const ulong Prime1 = 0xE703_7ED1_A0B4_28DB;

    /// <summary>The next value of a splitmix64 generator.</summary>
    public static ulong SplitMix(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>Folds one value into a running hash.</summary>
    public static ulong Mix(ulong hash, ulong value)
    {
        var high = Math.BigMul(hash ^ Prime0, value ^ Prime1, out var low);
        return high ^ low ^ ulong.RotateLeft(hash, 23);
    }

    /// <summary>A hash over bytes and their number.</summary>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var length = (ulong)bytes.Length;
        var hash = length;
        while (bytes.Length >= 16)
        {
            hash = Mix(
                hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            bytes = bytes[16..];
        }

        if (bytes.Length >= 8)
        {
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        ulong tail = 0;
        foreach (var b in bytes)
            tail = (tail << 8) | b;
        return Mix(Mix(hash, tail), length);
    }
}
