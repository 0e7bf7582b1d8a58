using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Internal;

/// <summary>.NET's thread priorities do nothing on Linux; the system's own call does, for the thread that makes it.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxThread
{
    private const int PrioProcess = 0;
    private const int Niceness = -10;

    /// <summary>Asks that the calling thread run before ordinary ones.</summary>
    /// <returns>False when this process may not.</returns>
    public static bool TryRaisePriority() => SetPriority(PrioProcess, 0, Niceness) == 0;

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);
}
