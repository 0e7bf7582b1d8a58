using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>How long a thread of this Linux could have run and had no core, by <c>/proc/thread-self/schedstat</c>.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class RunDelay
{
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const int NanosecondsPerTick = 100;

    /// <summary>The sum since the calling thread began; null where the kernel does not count it.</summary>
    public static TimeSpan? OfThisThread()
    {
        // Opened each time: a descriptor of ours that stays open is one more that a forked child of the program inherits.
        var file = Open("/proc/thread-self/schedstat"u8, ReadOnlyCloseOnExec);
        if (file < 0)
            return null;
        Span<byte> line = stackalloc byte[128];
        fixed (byte* buffer = line)
        {
            var length = LinuxNative.Read(file, buffer, (nuint)line.Length);
            _ = LinuxNative.Close(file);
            return Delay(line[..(int)Math.Max(0, length)]);
        }
    }

    /// <summary>The second number of a line like <c>41839279 1093017 64</c>, which are nanoseconds; null when it is no such line.</summary>
    internal static TimeSpan? Delay(ReadOnlySpan<byte> line)
    {
        var blank = line.IndexOf((byte)' ');
        return blank > 0 && Utf8Parser.TryParse(line[(blank + 1)..], out long nanoseconds, out var read) && read > 0
            ? new TimeSpan(nanoseconds / NanosecondsPerTick)
            : null;
    }

    // The path is a literal, which has a zero behind it.
    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(ReadOnlySpan<byte> path, int flags);
}
