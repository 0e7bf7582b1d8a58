using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>How many threads want to run on this Linux, by <c>/proc/loadavg</c>.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class HostLoad
{
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const int OnlineProcessors = 84; // _SC_NPROCESSORS_ONLN

    private static readonly long Cores = SystemConfiguration(OnlineProcessors);

    /// <summary>More threads want to run than there are cores; or nobody can say, which is taken
    /// for the same.</summary>
    public static bool IsBusy()
    {
        // Opened each time: a descriptor of ours that stays open is one more that a forked child of
        // the program inherits.
        var file = Open("/proc/loadavg"u8, ReadOnlyCloseOnExec);
        if (file < 0)
            return true;
        Span<byte> line = stackalloc byte[128];
        fixed (byte* buffer = line)
        {
            var length = LinuxNative.Read(file, buffer, (nuint)line.Length);
            _ = LinuxNative.Close(file);
            return Running(line[..(int)Math.Max(0, length)]) is not { } running || running > Cores;
        }
    }

    /// <summary>The number of runnable threads in a line like <c>0.20 0.18 0.12 1/80 11206</c>;
    /// null when it is no such line.</summary>
    internal static int? Running(ReadOnlySpan<byte> line)
    {
        var slash = line.IndexOf((byte)'/');
        if (slash < 0)
            return null;
        var number = line[(line[..slash].LastIndexOf((byte)' ') + 1)..slash];
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var running) ? running : null;
    }

    // The path is a literal, which has a zero behind it.
    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(ReadOnlySpan<byte> path, int flags);

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial long SystemConfiguration(int name);
}
