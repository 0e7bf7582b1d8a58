using System.Numerics;

namespace Totem.Bench.Load;

/// <summary>A number over messages in the order of their delivery: equal numbers mean the same
/// messages in the same order.</summary>
internal struct OrderHash
{
    private const ulong Factor = 0x9E3779B97F4A7C15;

    /// <summary>The number so far.</summary>
    public ulong Value { get; private set; }

    /// <summary>One more message.</summary>
    public void Add(uint sender, ulong sequence)
        => Value = unchecked((BitOperations.RotateLeft(Value, 29) ^ sequence ^ ((ulong)sender << 48)) * Factor);
}
