using System.Diagnostics.CodeAnalysis;

namespace Totem.Cpg.Program;

/// <summary>
/// C has no tasks: a call waits for its answer. The event that it waits for comes from the ring's thread or the pool,
/// which call nobody here. The program's signals are kept out of a call, so whoever waits lets them in now and then.
/// </summary>
[SuppressMessage("Usage", "VSTHRD002:Avoid problematic synchronous waits", Justification = "The callers are C, without "
    + "a context to deadlock on.")]
internal static unsafe class Blocking
{
    private static readonly TimeSpan SignalsWaitMax = TimeSpan.FromMilliseconds(20);

    private static delegate* unmanaged[Cdecl]<void> _letSignalsIn;

    /// <summary>The gate that lets the signals in, of a thread that is in a call.</summary>
    public static void LetSignalsInWith(delegate* unmanaged[Cdecl]<void> function) => _letSignalsIn = function;

    /// <summary>Runs the handlers of signals that came. They may do anything: the caller holds no lock.</summary>
    public static void LetSignalsIn()
    {
        if (_letSignalsIn != null)
            _letSignalsIn();
    }

    public static T Wait<T>(Task<T> task)
    {
        TryWait(task, TimeSpan.MaxValue);
        return task.GetAwaiter().GetResult();
    }

    public static void Wait(Task task)
    {
        TryWait(task, TimeSpan.MaxValue);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Waits for the end of a task, good or bad.</summary>
    /// <returns>False when the limit came first.</returns>
    public static bool TryWait(Task task, TimeSpan limit)
    {
        Task[] tasks = [task];
        var start = Environment.TickCount64;
        while (true)
        {
            var left = limit - TimeSpan.FromMilliseconds(Environment.TickCount64 - start);
            var isLast = left <= SignalsWaitMax;
            if (Task.WaitAny(tasks, isLast ? left > TimeSpan.Zero ? left : TimeSpan.Zero : SignalsWaitMax) == 0)
                return true;
            if (isLast)
                return false;
            LetSignalsIn();
        }
    }
}
