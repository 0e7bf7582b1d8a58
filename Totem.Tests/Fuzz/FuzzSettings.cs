using System.Globalization;

namespace Totem.Tests.Fuzz;

/// <summary>How much to fuzz, and with which seed. The defaults are what CI has time for.</summary>
internal static class FuzzSettings
{
    /// <summary><c>TOTEM_FUZZ_FRAMES</c>: a million frames by default.</summary>
    public static ulong FrameCount { get; } = Setting("TOTEM_FUZZ_FRAMES", 1_000_000);

    /// <summary><c>TOTEM_FUZZ_PROCESSOR_FRAMES</c>: a hundred thousand frames by default.</summary>
    public static ulong ProcessorFrameCount { get; } = Setting("TOTEM_FUZZ_PROCESSOR_FRAMES", 100_000);

    /// <summary><c>TOTEM_FUZZ_SEED</c>.</summary>
    public static ulong Seed { get; } = Setting("TOTEM_FUZZ_SEED", 1);

    /// <summary>How to make this frame again, for the message of a failure.</summary>
    /// <param name="number">The number of the frame.</param>
    /// <param name="framesUpTo">How many frames to ask for, so that it is the last.</param>
    /// <param name="frame">Its bytes, printed up to a limit.</param>
    public static string Replay(ulong number, ulong framesUpTo, ReadOnlySpan<byte> frame) =>
        $"frame {number} (TOTEM_FUZZ_SEED={Seed} TOTEM_FUZZ_FRAMES={framesUpTo}), {frame.Length} bytes: "
        + Convert.ToHexString(frame[..Math.Min(frame.Length, 2000)]);

    private static ulong Setting(string name, ulong byDefault) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? ulong.Parse(value, CultureInfo.InvariantCulture)
            : byDefault;
}
