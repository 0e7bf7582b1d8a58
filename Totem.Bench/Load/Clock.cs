using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Totem.Bench.Load;

/// <summary>The clock of all processes of a host (CLOCK_MONOTONIC on Linux), in nanoseconds.</summary>
internal static partial class Clock
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long NanosecondsPerMillisecond = 1_000_000;

    // clock_nanosleep(2), <linux/time.h>, <linux/prctl.h>.
    private const int ClockMonotonic = 1;
    private const int TimerAbsolute = 1;
    private const int PrSetTimerSlack = 29;

    [ThreadStatic]
    private static bool _isPrecise;

    /// <summary>Now. Two processes of one host read the same.</summary>
    public static long Now
    {
        get
        {
            var ticks = Stopwatch.GetTimestamp();
            return Stopwatch.Frequency == NanosecondsPerSecond
                ? ticks
                : (long)((Int128)ticks * NanosecondsPerSecond / Stopwatch.Frequency);
        }
    }

    /// <summary>Waits for an instant; returns at once when it has passed.</summary>
    public static void SleepUntil(long instant)
    {
        var left = instant - Now;
        if (left <= 0)
            return;
        if (!OperatingSystem.IsLinux())
        {
            Thread.Sleep((int)Math.Max(1, left / NanosecondsPerMillisecond));
            return;
        }

        if (!_isPrecise)
        {
            // The kernel may otherwise wake us 50 microseconds late, to wake others at once (prctl(2)).
            _ = PrCtl(PrSetTimerSlack, 1, 0, 0, 0);
            _isPrecise = true;
        }

        var time = new TimeSpec { Seconds = instant / NanosecondsPerSecond,
            Nanoseconds = instant % NanosecondsPerSecond };
        _ = ClockNanoSleep(ClockMonotonic, TimerAbsolute, in time, 0);
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockNanoSleep(int clock, int flags, in TimeSpec request, nint remaining);

    [LibraryImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int PrCtl(int option, nuint a, nuint b, nuint c, nuint d);
}
