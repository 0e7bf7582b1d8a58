using System.Buffers.Text;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>How long a thread of this Linux could have run and had no core, by
/// <c>/proc/thread-self/schedstat</c>.</summary>
[SupportedOSPlatform("linux")]
internal static class RunDelay
{
    private const int NanosecondsPerTick = 100;

    /// <summary>The sum since the calling thread began; null where the kernel does not count it.</summary>
    public static TimeSpan? OfThisThread() =>
        Delay(SystemLine.Read("/proc/thread-self/schedstat"u8, stackalloc byte[128]));

    /// <summary>The second number of a line like <c>41839279 1093017 64</c>, which are nanoseconds;
    /// null when it is no such line.</summary>
    internal static TimeSpan? Delay(ReadOnlySpan<byte> line)
    {
        var blank = line.IndexOf((byte)' ');
        return blank > 0 && Utf8Parser.TryParse(line[(blank + 1)..], out long nanoseconds, out var read) && read > 0
            ? new TimeSpan(nanoseconds / NanosecondsPerTick)
            : null;
    }
}
