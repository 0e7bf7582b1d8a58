using System.Runtime.InteropServices;
using System.Text;
using Totem.Cpg.Sessions;

namespace Totem.Cpg;

/// <summary>The functions of libcfg on native memory.</summary>
internal static unsafe class CfgCalls
{
    public static CsError Initialize(CpgProcess process, ulong* handle)
    {
        if (handle == null)
            return CsError.InvalidParameter;
        if (process.Open(out var error) is not { } ring)
            return error;
        var added = 0UL;
        if (process.CfgHandles.Add(value =>
        {
            added = value;
            return new CfgSession(ring);
        }) is null)
        {
            return CsError.NoMemory;
        }

        *handle = added;
        return CsError.Ok;
    }

    public static CsError Finish(CpgProcess process, ulong handle)
        => process.CfgHandles.Remove(handle) is { } found ? found.Finish() : CsError.BadHandle;

    public static CsError Descriptor(CpgProcess process, ulong handle, int* descriptor)
    {
        if (process.CfgHandles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (descriptor == null)
            return CsError.InvalidParameter;
        *descriptor = found.Descriptor;
        return CsError.Ok;
    }

    public static CsError LocalNode(CpgProcess process, ulong handle, uint* node)
    {
        if (process.CfgHandles.Find(handle) is not { } found)
            return CsError.BadHandle;
        return node == null ? CsError.InvalidParameter : found.LocalNode(out *node);
    }

    /// <summary>Arrays and texts of the system's allocator: the caller frees each of them.</summary>
    public static CsError RingStatus(CpgProcess process, ulong handle, byte*** names, byte*** status, uint* count)
    {
        if (process.CfgHandles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (names == null || status == null || count == null)
            return CsError.InvalidParameter;
        if (found.RingStatus(out var name, out var state) is not CsError.Ok and var error)
            return error;
        *names = ListOf(name);
        *status = ListOf(state);
        *count = 1;
        return CsError.Ok;
    }

    public static CsError NodeStatus(CpgProcess process, ulong handle, uint node, int version, CfgNodeStatus* status)
    {
        if (process.CfgHandles.Find(handle) is not { } found)
            return CsError.BadHandle;
        return status == null ? CsError.InvalidParameter : found.NodeStatus(node, version, out *status);
    }

    public static CsError NodeAddresses(
        CpgProcess process, ulong handle, uint node, nuint max, int* count, CfgNodeAddress* addresses)
    {
        if (process.CfgHandles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (count == null || (addresses == null && max > 0))
            return CsError.InvalidParameter;
        if (found.NodeAddress(node, out var address) is not CsError.Ok and var error)
            return error;
        *count = max == 0 ? 0 : 1;
        if (max > 0)
            *addresses = address;
        return CsError.Ok;
    }

    public static CsError KillNode(CpgProcess process, ulong handle, uint node, byte* reason)
    {
        if (process.CfgHandles.Find(handle) is not { } found)
            return CsError.BadHandle;
        return reason == null
            ? CsError.InvalidParameter
            : found.KillNode(node, MemoryMarshal.CreateReadOnlySpanFromNullTerminated(reason).Length);
    }

    /// <summary>Answers that every handle gives that is one, while the ring runs.</summary>
    public static CsError State(CpgProcess process, ulong handle)
        => process.CfgHandles.Find(handle) is { } found ? found.State() : CsError.BadHandle;

    /// <summary>Calls that only a daemon can answer.</summary>
    public static CsError NotSupported(CpgProcess process, ulong handle)
        => State(process, handle) is not CsError.Ok and var error ? error : CsError.NotSupported;

    private static byte** ListOf(string text)
    {
        var list = (byte**)NativeMemory.Alloc((nuint)sizeof(byte*));
        var bytes = Encoding.UTF8.GetBytes(text);
        *list = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(*list, bytes.Length));
        return list;
    }
}
