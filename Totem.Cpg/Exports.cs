using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Totem.Cpg.Program;
using Totem.Cpg.Ring;
using Totem.Cpg.Sessions;
using Totem.Platform.Programs;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cpg;

/// <summary>
/// The engine's side of <c>Native/engine.h</c>: a function each, without logic. No exception leaves them: what was not foreseen is
/// logged and becomes <see cref="CsError.Library"/>.
/// </summary>
[SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "An exception must not cross into C.")]
internal static unsafe class Exports
{
    private static readonly CpgProcess Process = new(CpgStart.Ring, CpgProcess.DefaultReadyTimeout);

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_prepare", CallConvs = [typeof(CallConvCdecl)])]
    public static void Prepare(delegate* unmanaged[Cdecl]<void> letSignalsIn)
    {
        try
        {
            RuntimeStart.Prepare();
            Blocking.LetSignalsInWith(letSignalsIn);
            Process.Start();
        }
        catch (Exception exception)
        {
            CpgLog.Error($"cannot start: {FailureText.Of(exception)}");
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_end", CallConvs = [typeof(CallConvCdecl)])]
    public static void End()
    {
        try
        {
            Process.End();
        }
        catch (Exception exception)
        {
            Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_take", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Take(HandleKind kind, ulong handle, NativeEvent* taken)
    {
        try
        {
            return EventCalls.Take(Process, kind, handle, taken);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_return", CallConvs = [typeof(CallConvCdecl)])]
    public static void Return(ulong handle, void* message, nuint length)
    {
        try
        {
            EventCalls.Return(Process, handle, message, length);
        }
        catch (Exception exception)
        {
            Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_watch", CallConvs = [typeof(CallConvCdecl)])]
    public static int Watch(HandleKind kind, ulong handle)
    {
        try
        {
            return EventCalls.Watch(Process, kind, handle);
        }
        catch (Exception exception)
        {
            Failed(exception);
            return -1;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_end_watch", CallConvs = [typeof(CallConvCdecl)])]
    public static void EndWatch(HandleKind kind, ulong handle)
    {
        try
        {
            EventCalls.EndWatch(Process, kind, handle);
        }
        catch (Exception exception)
        {
            Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_has", CallConvs = [typeof(CallConvCdecl)])]
    public static int Has(HandleKind kind, ulong handle)
    {
        try
        {
            return EventCalls.Find(Process, kind, handle) is null ? 0 : 1;
        }
        catch (Exception exception)
        {
            Failed(exception);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_bound_address", CallConvs = [typeof(CallConvCdecl)])]
    public static int BoundAddress(byte* address, int room)
    {
        try
        {
            return CpgStart.BoundAddress(Process.Ring, new Span<byte>(address, room));
        }
        catch (Exception exception)
        {
            return Failed(exception) == CsError.Ok ? 1 : 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Initialize(ulong* handle, CpgCallbacks* callbacks)
    {
        try
        {
            return CpgCalls.Initialize(Process, handle, callbacks == null ? default : new CpgModelV1 { Callbacks = *callbacks }, 0);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_model_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError ModelInitialize(ulong* handle, int model, CpgModelV1* data, nint context)
    {
        try
        {
            return CpgCalls.InitializeModel(Process, handle, model, data, context);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_finalize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Finish(ulong handle)
    {
        try
        {
            return CpgCalls.Finish(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_fd_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Descriptor(ulong handle, int* descriptor)
    {
        try
        {
            return CpgCalls.Descriptor(Process, handle, descriptor);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_max_atomic_msgsize_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError AtomicMessageBytes(ulong handle, uint* size)
    {
        try
        {
            return CpgCalls.AtomicMessageBytes(Process, handle, size);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_context_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError ContextGet(ulong handle, nint* context)
    {
        try
        {
            return CpgCalls.ContextGet(Process, handle, context);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_context_set", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError ContextSet(ulong handle, nint context)
    {
        try
        {
            return CpgCalls.ContextSet(Process, handle, context);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_join", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Join(ulong handle, CpgName* group)
    {
        try
        {
            return CpgCalls.Join(Process, handle, group);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_leave", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Leave(ulong handle, CpgName* group)
    {
        try
        {
            return CpgCalls.Leave(Process, handle, group);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_mcast_joined", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Multicast(ulong handle, int guarantee, IoVector* vectors, uint count)
    {
        try
        {
            return CpgCalls.Multicast(Process, handle, guarantee, vectors, count);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_membership_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Members(ulong handle, CpgName* group, CpgAddress* list, int* count)
    {
        try
        {
            return CpgCalls.Members(Process, handle, group, list, count);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_local_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError LocalNode(ulong handle, uint* node)
    {
        try
        {
            return CpgCalls.LocalNode(Process, handle, node);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_flow_control_state_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError FlowControlState(ulong handle, int* state)
    {
        try
        {
            return CpgCalls.FlowControlState(Process, handle, state);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_zcb_alloc", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError AllocateBuffer(ulong handle, nuint size, byte** buffer)
    {
        try
        {
            return CpgCalls.AllocateBuffer(Process, handle, size, buffer);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_zcb_free", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError FreeBuffer(ulong handle, byte* buffer)
    {
        try
        {
            return CpgCalls.FreeBuffer(Process, handle, buffer);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_zcb_mcast_joined", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError MulticastBuffer(ulong handle, int guarantee, byte* message, nuint length)
    {
        try
        {
            return CpgCalls.MulticastBuffer(Process, handle, guarantee, message, length);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_iteration_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Iterate(ulong handle, int type, CpgName* group, ulong* iteration)
    {
        try
        {
            return CpgCalls.Iterate(Process, handle, type, group, iteration);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_iteration_next", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Next(ulong iteration, CpgIterationDescription* description)
    {
        try
        {
            return CpgCalls.Next(Process, iteration, description);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "cpg_iteration_finalize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError FinishIteration(ulong iteration)
    {
        try
        {
            return Process.Iterations.Remove(iteration) is null ? CsError.BadHandle : CsError.Ok;
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgInitialize(ulong* handle, void* callbacks)
    {
        try
        {
            return CfgCalls.Initialize(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_finalize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgFinish(ulong handle)
    {
        try
        {
            return CfgCalls.Finish(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_fd_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgDescriptor(ulong handle, int* descriptor)
    {
        try
        {
            return CfgCalls.Descriptor(Process, handle, descriptor);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_local_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgLocalNode(ulong handle, uint* node)
    {
        try
        {
            return CfgCalls.LocalNode(Process, handle, node);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_ring_status_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgRingStatus(ulong handle, byte*** names, byte*** status, uint* count)
    {
        try
        {
            return CfgCalls.RingStatus(Process, handle, names, status, count);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_node_status_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgNodeStatusGet(ulong handle, uint node, int version, CfgNodeStatus* status)
    {
        try
        {
            return CfgCalls.NodeStatus(Process, handle, node, version, status);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_get_node_addrs", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgNodeAddresses(ulong handle, uint node, nuint max, int* count, CfgNodeAddress* addresses)
    {
        try
        {
            return CfgCalls.NodeAddresses(Process, handle, node, max, count, addresses);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_kill_node", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgKillNode(ulong handle, uint node, byte* reason)
    {
        try
        {
            return CfgCalls.KillNode(Process, handle, node, reason);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_trackstart", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgTrackStart(ulong handle, byte flags)
    {
        try
        {
            return CfgCalls.State(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_trackstop", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgTrackStop(ulong handle)
    {
        try
        {
            return CfgCalls.State(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_try_shutdown", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgTryShutdown(ulong handle, int flags)
    {
        try
        {
            return CfgCalls.NotSupported(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_replyto_shutdown", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgReplyToShutdown(ulong handle, int reply)
    {
        try
        {
            return CfgCalls.State(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_reload_config", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgReloadConfiguration(ulong handle)
    {
        try
        {
            return CfgCalls.NotSupported(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_reopen_log_files", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgReopenLogFiles(ulong handle)
    {
        try
        {
            return CfgCalls.State(Process, handle);
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    private static CsError Failed(Exception exception)
    {
        CpgLog.Error(FailureText.Of(exception));
        return exception is OutOfMemoryException ? CsError.NoMemory : CsError.Library;
    }
}
