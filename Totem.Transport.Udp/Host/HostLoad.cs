using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>How many threads want to run on this Linux, by <c>/proc/loadavg</c>.</summary>
[SupportedOSPlatform("linux")]
internal static partial class HostLoad
{
    private const int OnlineProcessors = 84; // _SC_NPROCESSORS_ONLN

    private static readonly long Cores = SystemConfiguration(OnlineProcessors);

    /// <summary>More threads want to run than there are cores; or nobody can say, which is taken
    /// for the same.</summary>
    public static bool IsBusy() =>
        Running(SystemLine.Read("/proc/loadavg"u8, stackalloc byte[128])) is not { } running || running > Cores;

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

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial long SystemConfiguration(int name);
}
