using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>
/// .NET's thread priorities do nothing on Linux; the system's own calls do, for the thread that makes them. Their
/// effect is not inherited: neither by threads that this one starts nor by processes that it forks.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxThread
{
    /// <summary>Before everything ordinary, and behind the kernel's interrupt threads (50), which
    /// bring what we wait for.</summary>
    public const int RealTimePriority = 49;

    /// <summary>The niceness that is asked for where real time is not permitted.</summary>
    public const int FallbackNiceness = -10;

    private const int SchedOther = 0;
    private const int SchedRoundRobin = 2;
    private const int ResetOnFork = 0x40000000;
    private const int PrioProcess = 0;

    /// <summary>Moves the calling thread into the real-time class, or out of it.</summary>
    /// <returns>False when this process may not.</returns>
    public static bool TrySetRealTime(bool isRealTime)
    {
        var priority = isRealTime ? RealTimePriority : 0;
        return SetScheduler(0, (isRealTime ? SchedRoundRobin : SchedOther) | ResetOnFork, &priority) == 0;
    }

    /// <summary>Sets the niceness of the calling thread.</summary>
    /// <returns>False when this process may not.</returns>
    public static bool TrySetNiceness(int niceness)
    {
        _ = TrySetRealTime(false); // For what is not inherited.
        return SetPriority(PrioProcess, 0, niceness) == 0;
    }

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);

    // The parameter is a struct of one int.
    [LibraryImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int thread, int policy, int* parameter);
}
