using System.Diagnostics.CodeAnalysis;

namespace Totem.Cpg;

/// <summary>C has no tasks: a call waits for its answer. What it waits for comes from the ring's thread or the pool, which call nobody here.</summary>
[SuppressMessage("Usage", "VSTHRD002:Avoid problematic synchronous waits", Justification = "The callers are C, without a context to deadlock on.")]
internal static class Blocking
{
    public static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    public static void Wait(Task task) => task.GetAwaiter().GetResult();

    /// <summary>Waits for the end of a task, good or bad.</summary>
    /// <returns>False when the limit came first.</returns>
    public static bool TryWait(Task task, TimeSpan limit) => Task.WaitAny([task], limit) == 0;
}
