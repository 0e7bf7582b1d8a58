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
    public static Result Open(byte* driver, nuint driverLength, nuint identityLength, NativeCallbacks* callbacks, nint user, ulong* handle)
    {
        try
        {
            return SheepdogCalls.Open(driver, driverLength, identityLength, callbacks, user, handle);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_reopen", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Reopen(ulong handle)
    {
        try
        {
            return SheepdogCalls.Reopen(handle);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_close", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Close(ulong handle, nint* user)
    {
        try
        {
            return SheepdogCalls.Close(handle, user);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_fd", CallConvs = [typeof(CallConvCdecl)])]
    public static int Descriptor(ulong handle)
    {
        try
        {
            return SheepdogCalls.Descriptor(handle);
        }
        catch (Exception exception)
        {
            return (int)SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_dispatch", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Dispatch(ulong handle)
    {
        try
        {
            return SheepdogCalls.Dispatch(handle);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_get_local_addr", CallConvs = [typeof(CallConvCdecl)])]
    public static Result LocalAddress(ulong handle, byte* address)
    {
        try
        {
            return SheepdogCalls.LocalAddress(handle, address);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_join", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Join(ulong handle, byte* node, nuint nodeLength, byte* opaque, nuint opaqueLength)
    {
        try
        {
            return SheepdogCalls.Join(handle, node, nodeLength, opaque, opaqueLength);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_leave", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Leave(ulong handle)
    {
        try
        {
            return SheepdogCalls.Leave(handle);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_notify", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Notify(ulong handle, byte* message, nuint length)
    {
        try
        {
            return SheepdogCalls.Notify(handle, message, length);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_block", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Block(ulong handle)
    {
        try
        {
            return SheepdogCalls.Block(handle);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_unblock", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Unblock(ulong handle, byte* message, nuint length)
    {
        try
        {
            return SheepdogCalls.Unblock(handle, message, length);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_update_node", CallConvs = [typeof(CallConvCdecl)])]
    public static Result UpdateNode(ulong handle, byte* node, nuint length)
    {
        try
        {
            return SheepdogCalls.UpdateNode(handle, node, length);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_lock", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Lock(ulong handle, ulong id)
    {
        try
        {
            return SheepdogCalls.Lock(handle, id);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_sheepdog_engine_unlock", CallConvs = [typeof(CallConvCdecl)])]
    public static Result Unlock(ulong handle, ulong id)
    {
        try
        {
            return SheepdogCalls.Unlock(handle, id);
        }
        catch (Exception exception)
        {
            return SheepdogCalls.Fail(exception);
        }
    }

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
}
