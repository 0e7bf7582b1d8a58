using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Totem.Platform.Programs;

namespace Totem.Sheepdog.Native;

/// <summary>
/// The engine's side of <c>Native/totem_sheepdog.c</c>: a function each, without logic. No exception leaves them: what was not
/// foreseen becomes <see cref="Result.Defect"/>, with its text.
/// </summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception must not cross into C.")]
internal static unsafe class Exports
{
    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_prepare", CallConvs = [typeof(CallConvCdecl)])]
    public static void Prepare() => RuntimeStart.Prepare();

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_open", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Open(
        byte* driver, nuint driverLength, nuint identityLength, NativeCallbacks* callbacks, nint user, ulong* handle) =>
        Run(() => SheepdogCalls.Open(driver, driverLength, identityLength, callbacks, user, handle));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_reopen", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Reopen(ulong handle) => Run(() => SheepdogCalls.Reopen(handle));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_close", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Close(ulong handle, nint* user) => Run(() => SheepdogCalls.Close(handle, user));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_fd", CallConvs = [typeof(CallConvCdecl)])]
    public static int Descriptor(ulong handle) => (int)Run(() => (Result)SheepdogCalls.Descriptor(handle));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_dispatch", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Dispatch(ulong handle) => Run(() => SheepdogCalls.Dispatch(handle));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_get_local_addr", CallConvs = [typeof(CallConvCdecl)])]
    public static Result LocalAddress(ulong handle, byte* address) =>
        Run(() => SheepdogCalls.LocalAddress(handle, address));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_join", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Join(ulong handle, byte* node, nuint nodeLength, byte* opaque, nuint opaqueLength) =>
        Run(() => SheepdogCalls.Join(handle, node, nodeLength, opaque, opaqueLength));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_leave", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Leave(ulong handle) => Run(() => SheepdogCalls.Leave(handle));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_notify", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Notify(ulong handle, byte* message, nuint length) =>
        Run(() => SheepdogCalls.Notify(handle, message, length));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_block", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Block(ulong handle) => Run(() => SheepdogCalls.Block(handle));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_unblock", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Unblock(ulong handle, byte* message, nuint length) =>
        Run(() => SheepdogCalls.Unblock(handle, message, length));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_update_node", CallConvs = [typeof(CallConvCdecl)])]
    public static Result UpdateNode(ulong handle, byte* node, nuint length) =>
        Run(() => SheepdogCalls.UpdateNode(handle, node, length));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_lock", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Lock(ulong handle, ulong id) => Run(() => SheepdogCalls.Lock(handle, id));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_unlock", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Unlock(ulong handle, ulong id) => Run(() => SheepdogCalls.Unlock(handle, id));

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_error", CallConvs = [typeof(CallConvCdecl)])]
    public static void Error(byte* text, nuint room)
    {
        try
        {
            SheepdogCalls.Error(text, room);
        }
        catch (Exception)
        {
            // The number of the failure has to do.
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_end", CallConvs = [typeof(CallConvCdecl)])]
    public static void End()
    {
        try
        {
            SheepdogCalls.End();
        }
        catch (Exception)
        {
            // The process ends.
        }
    }

    private static Result Run(Func<Result> call)
    {
        try
        {
            return call();
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }
}
