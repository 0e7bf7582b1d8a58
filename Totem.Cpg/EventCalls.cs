using System.Runtime.InteropServices;
using Totem.Cpg.Sessions;

namespace Totem.Cpg;

/// <summary>The engine's answers to the dispatching in <c>Native/dispatch.c</c>.</summary>
internal static unsafe class EventCalls
{
    /// <summary>Takes the next event of a handle.</summary>
    /// <returns><see cref="CsError.TryAgain"/> when there is none.</returns>
    public static CsError Take(CpgProcess process, HandleKind kind, ulong handle, NativeEvent* taken)
    {
        if (kind == HandleKind.Cfg)
            return process.CfgHandles.Find(handle) is { } session ? session.Take() : CsError.BadHandle;
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        var writer = new NativeEventWriter(taken, found.Callbacks);
        taken->Group = CpgName.Of(found.Session.Group);
        return found.Session.Take(ref writer);
    }

    /// <summary>A descriptor to sleep on, which the caller closes; -1 when there are none left.</summary>
    public static int Watch(CpgProcess process, HandleKind kind, ulong handle) =>
        Find(process, kind, handle)?.Watch() ?? -1;

    /// <summary>The descriptor is looked at no more. The handle may be gone by then.</summary>
    public static void EndWatch(CpgProcess process, HandleKind kind, ulong handle) =>
        Find(process, kind, handle)?.EndWatch();

    /// <summary>A message that was taken is not looked at any more. The handle may be gone by then.</summary>
    public static void Return(CpgProcess process, ulong handle, void* message, nuint length)
    {
        if (process.Handles.Find(handle) is { } found)
            found.Session.Events.Memory.Return(message, length);
        else
            NativeMemory.Free(message);
    }

    /// <summary>The events of a handle; null when there is no such handle.</summary>
    public static EventQueue? Find(CpgProcess process, HandleKind kind, ulong handle) => kind == HandleKind.Cfg
        ? process.CfgHandles.Find(handle)?.Events
        : process.Handles.Find(handle)?.Session.Events;
}
