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
    public static void End() => Run(() => Process.End());

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
    public static int Watch(HandleKind kind, ulong handle) => Run(() => EventCalls.Watch(Process, kind, handle), -1);

    [UnmanagedCallersOnly(EntryPoint = "totem_cpg_end_watch", CallConvs = [typeof(CallConvCdecl)])]
    public static void EndWatch(HandleKind kind, ulong handle) => Run(() => EventCalls.EndWatch(Process, kind, handle));

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
    public static int BoundAddress(byte* address, int room) =>
        Run(() => CpgStart.BoundAddress(Process.Ring, new Span<byte>(address, room)), 0);

    [UnmanagedCallersOnly(EntryPoint = "cpg_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Initialize(ulong* handle, CpgCallbacks* callbacks) =>
        Run(() => CpgCalls.Initialize(
            Process, handle, callbacks == null ? default : new CpgModelV1 { Callbacks = *callbacks }, 0));

    [UnmanagedCallersOnly(EntryPoint = "cpg_model_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError ModelInitialize(ulong* handle, int model, CpgModelV1* data, nint context) =>
        Run(() => CpgCalls.InitializeModel(Process, handle, model, data, context));

    [UnmanagedCallersOnly(EntryPoint = "cpg_finalize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Finish(ulong handle) => Run(() => CpgCalls.Finish(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "cpg_fd_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Descriptor(ulong handle, int* descriptor) =>
        Run(() => CpgCalls.Descriptor(Process, handle, descriptor));

    [UnmanagedCallersOnly(EntryPoint = "cpg_max_atomic_msgsize_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError AtomicMessageBytes(ulong handle, uint* size) =>
        Run(() => CpgCalls.AtomicMessageBytes(Process, handle, size));

    [UnmanagedCallersOnly(EntryPoint = "cpg_context_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError ContextGet(ulong handle, nint* context) =>
        Run(() => CpgCalls.ContextGet(Process, handle, context));

    [UnmanagedCallersOnly(EntryPoint = "cpg_context_set", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError ContextSet(ulong handle, nint context) =>
        Run(() => CpgCalls.ContextSet(Process, handle, context));

    [UnmanagedCallersOnly(EntryPoint = "cpg_join", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Join(ulong handle, CpgName* group) => Run(() => CpgCalls.Join(Process, handle, group));

    [UnmanagedCallersOnly(EntryPoint = "cpg_leave", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Leave(ulong handle, CpgName* group) => Run(() => CpgCalls.Leave(Process, handle, group));

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
    public static CsError Members(ulong handle, CpgName* group, CpgAddress* list, int* count) =>
        Run(() => CpgCalls.Members(Process, handle, group, list, count));

    [UnmanagedCallersOnly(EntryPoint = "cpg_local_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError LocalNode(ulong handle, uint* node) => Run(() => CpgCalls.LocalNode(Process, handle, node));

    [UnmanagedCallersOnly(EntryPoint = "cpg_flow_control_state_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError FlowControlState(ulong handle, int* state) =>
        Run(() => CpgCalls.FlowControlState(Process, handle, state));

    [UnmanagedCallersOnly(EntryPoint = "cpg_zcb_alloc", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError AllocateBuffer(ulong handle, nuint size, byte** buffer) =>
        Run(() => CpgCalls.AllocateBuffer(Process, handle, size, buffer));

    [UnmanagedCallersOnly(EntryPoint = "cpg_zcb_free", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError FreeBuffer(ulong handle, byte* buffer) =>
        Run(() => CpgCalls.FreeBuffer(Process, handle, buffer));

    [UnmanagedCallersOnly(EntryPoint = "cpg_zcb_mcast_joined", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError MulticastBuffer(ulong handle, int guarantee, byte* message, nuint length) =>
        Run(() => CpgCalls.MulticastBuffer(Process, handle, guarantee, message, length));

    [UnmanagedCallersOnly(EntryPoint = "cpg_iteration_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Iterate(ulong handle, int type, CpgName* group, ulong* iteration) =>
        Run(() => CpgCalls.Iterate(Process, handle, type, group, iteration));

    [UnmanagedCallersOnly(EntryPoint = "cpg_iteration_next", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError Next(ulong iteration, CpgIterationDescription* description) =>
        Run(() => CpgCalls.Next(Process, iteration, description));

    [UnmanagedCallersOnly(EntryPoint = "cpg_iteration_finalize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError FinishIteration(ulong iteration) =>
        Run(() => Process.Iterations.Remove(iteration) is null ? CsError.BadHandle : CsError.Ok);

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_initialize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgInitialize(ulong* handle, void* callbacks) =>
        Run(() => CfgCalls.Initialize(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_finalize", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgFinish(ulong handle) => Run(() => CfgCalls.Finish(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_fd_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgDescriptor(ulong handle, int* descriptor) =>
        Run(() => CfgCalls.Descriptor(Process, handle, descriptor));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_local_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgLocalNode(ulong handle, uint* node) =>
        Run(() => CfgCalls.LocalNode(Process, handle, node));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_ring_status_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgRingStatus(ulong handle, byte*** names, byte*** status, uint* count) =>
        Run(() => CfgCalls.RingStatus(Process, handle, names, status, count));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_node_status_get", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgNodeStatusGet(ulong handle, uint node, int version, CfgNodeStatus* status) =>
        Run(() => CfgCalls.NodeStatus(Process, handle, node, version, status));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_get_node_addrs", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgNodeAddresses(ulong handle, uint node, nuint max, int* count, CfgNodeAddress* addresses) =>
        Run(() => CfgCalls.NodeAddresses(Process, handle, node, max, count, addresses));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_kill_node", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgKillNode(ulong handle, uint node, byte* reason) =>
        Run(() => CfgCalls.KillNode(Process, handle, node, reason));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_trackstart", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgTrackStart(ulong handle, byte flags) => Run(() => CfgCalls.State(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_trackstop", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgTrackStop(ulong handle) => Run(() => CfgCalls.State(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_try_shutdown", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgTryShutdown(ulong handle, int flags) => Run(() => CfgCalls.NotSupported(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_replyto_shutdown", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgReplyToShutdown(ulong handle, int reply) => Run(() => CfgCalls.State(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_reload_config", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgReloadConfiguration(ulong handle) => Run(() => CfgCalls.NotSupported(Process, handle));

    [UnmanagedCallersOnly(EntryPoint = "corosync_cfg_reopen_log_files", CallConvs = [typeof(CallConvCdecl)])]
    public static CsError CfgReopenLogFiles(ulong handle) => Run(() => CfgCalls.State(Process, handle));

    /// <summary>The frame of a call that is not made for each message: it allocates.</summary>
    private static CsError Run(Func<CsError> call)
    {
        try
        {
            return call();
        }
        catch (Exception exception)
        {
            return Failed(exception);
        }
    }

    private static int Run(Func<int> call, int failure)
    {
        var result = failure;
        Run(() =>
        {
            result = call();
            return CsError.Ok;
        });
        return result;
    }

    private static void Run(Action call) => Run(() =>
    {
        call();
        return CsError.Ok;
    });

    private static CsError Failed(Exception exception)
    {
        CpgLog.Error(FailureText.Of(exception));
        return exception is OutOfMemoryException ? CsError.NoMemory : CsError.Library;
    }
}
