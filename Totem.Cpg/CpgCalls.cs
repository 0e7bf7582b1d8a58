using Totem.Cpg.Ring;
using Totem.Cpg.Sessions;

namespace Totem.Cpg;

/// <summary>The functions of libcpg on native memory: pointers are looked at here, and nowhere deeper.</summary>
internal static unsafe class CpgCalls
{
    public static CsError Initialize(CpgProcess process, ulong* handle, CpgModelV1 model, nint context)
    {
        if (handle == null || (model.Flags & ~CpgModelV1.DeliverInitialRing) != 0)
            return CsError.InvalidParameter;
        if (process.Open(out var error) is not { } ring)
            return error;
        var settings = new CpgSessionSettings(
            (uint)Environment.ProcessId, process.ReadyTimeout,
            (model.Flags & CpgModelV1.DeliverInitialRing) != 0, context);
        var made = process.Handles.Add(
            value => new CpgHandle(value, new CpgSession(ring, settings), model));
        if (made is null)
            return CsError.NoMemory;
        *handle = made.Value;
        return CsError.Ok;
    }

    public static CsError InitializeModel(CpgProcess process, ulong* handle, int model, CpgModelV1* data, nint context)
    {
        if (model != CpgModelV1.Model1)
            return CsError.InvalidParameter;
        return Initialize(process, handle, data == null ? default : *data, context);
    }

    public static CsError Finish(CpgProcess process, ulong handle)
    {
        if (process.Handles.Remove(handle) is not { } found)
            return CsError.BadHandle;
        process.Iterations.RemoveWhere(iteration => iteration.Owner == handle);
        return found.Finish();
    }

    public static CsError Descriptor(CpgProcess process, ulong handle, int* descriptor)
        => Read(process, handle, descriptor, static found => found.Session.Descriptor);

    public static CsError AtomicMessageBytes(CpgProcess process, ulong handle, uint* size)
        => Read(process, handle, size, static _ => (uint)CpgLimits.AtomicMessageBytesMax);

    public static CsError ContextGet(CpgProcess process, ulong handle, nint* context)
        => Read(process, handle, context, static found => found.Session.Context);

    public static CsError ContextSet(CpgProcess process, ulong handle, nint context)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        found.Session.Context = context;
        return CsError.Ok;
    }

    /// <summary>Always off, as with the original: the one sign of load is TRY_AGAIN.</summary>
    public static CsError FlowControlState(CpgProcess process, ulong handle, int* state)
        => Read(process, handle, state, static _ => 0);

    public static CsError LocalNode(CpgProcess process, ulong handle, uint* node)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        return node == null ? CsError.InvalidParameter : found.Session.LocalNode(out *node);
    }

    public static CsError Join(CpgProcess process, ulong handle, CpgName* group)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (Name(group, out var name) is not CsError.Ok and var error)
            return error;
        return found.Session.Join(name);
    }

    public static CsError Leave(CpgProcess process, ulong handle, CpgName* group)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        return Name(group, out var name) is not CsError.Ok and var error ? error : found.Session.Leave(name);
    }

    public static CsError Multicast(CpgProcess process, ulong handle, int guarantee, IoVector* vectors, uint count)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (count > CpgLimits.VectorsMax || (vectors == null && count > 0))
            return CsError.InvalidParameter;
        if (count == 1)
        {
            return vectors->Length > CpgLimits.MaxMessageBytes
                ? CsError.TooBig
                : found.Session.Multicast(
                    new ReadOnlySpan<byte>(vectors->Base, (int)vectors->Length), (CpgGuarantee)guarantee);
        }

        return MulticastJoined(found.Session, (CpgGuarantee)guarantee, new ReadOnlySpan<IoVector>(vectors, (int)count));
    }

    public static CsError MulticastBuffer(CpgProcess process, ulong handle, int guarantee, byte* message, nuint length)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (message == null && length > 0)
            return CsError.InvalidParameter;
        return length > int.MaxValue
            ? CsError.TooBig
            : found.Session.MulticastBuffer(new ReadOnlySpan<byte>(message, (int)length), (CpgGuarantee)guarantee);
    }

    public static CsError AllocateBuffer(CpgProcess process, ulong handle, nuint size, byte** buffer)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (buffer == null)
            return CsError.InvalidParameter;
        if (size > CpgLimits.MaxMessageBytes)
            return CsError.NoMemory;
        *buffer = (byte*)found.Allocate(size);
        return *buffer == null ? CsError.BadHandle : CsError.Ok;
    }

    public static CsError FreeBuffer(CpgProcess process, ulong handle, byte* buffer)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        return found.TryFree((nint)buffer) ? CsError.Ok : CsError.InvalidParameter;
    }

    public static CsError Members(CpgProcess process, ulong handle, CpgName* group, CpgAddress* list, int* count)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (Name(group, out var name) is not CsError.Ok and var invalid)
            return invalid;
        if (list == null || count == null)
            return CsError.InvalidParameter;
        if (found.Session.Members(name, out var members) is not CsError.Ok and var error)
            return error;
        // The caller's list has room for this many; the interface has no way to say that there are more.
        *count = Math.Min(members.Count, CpgLimits.ListedMembersMax);
        for (var i = 0; i < *count; i++)
            list[i] = members[i];
        return CsError.Ok;
    }

    public static CsError Iterate(CpgProcess process, ulong handle, int type, CpgName* group, ulong* iteration)
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        var kind = (CpgIterationType)type;
        if (iteration == null || !Enum.IsDefined(kind) || (kind == CpgIterationType.OneGroup) != (group != null))
            return CsError.InvalidParameter;
        ReadOnlySpan<byte> name = [];
        if (group != null && Name(group, out name) is not CsError.Ok and var invalid)
            return invalid;
        if (found.Session.Iterate(handle, kind, name, out var made) is not CsError.Ok and var error)
            return error;
        var added = 0UL;
        if (process.Iterations.Add(value =>
        {
            added = value;
            return made;
        }) is null)
        {
            return CsError.NoMemory;
        }

        *iteration = added;
        return CsError.Ok;
    }

    public static CsError Next(CpgProcess process, ulong iteration, CpgIterationDescription* description)
    {
        if (process.Iterations.Find(iteration) is not { } found)
            return CsError.BadHandle;
        return description == null ? CsError.InvalidParameter : found.Next(out *description);
    }

    private static CsError Read<T>(CpgProcess process, ulong handle, T* result, Func<CpgHandle, T> value)
        where T : unmanaged
    {
        if (process.Handles.Find(handle) is not { } found)
            return CsError.BadHandle;
        if (result == null)
            return CsError.InvalidParameter;
        *result = value(found);
        return CsError.Ok;
    }

    private static CsError MulticastJoined(CpgSession session, CpgGuarantee guarantee, ReadOnlySpan<IoVector> vectors)
    {
        var total = 0UL;
        foreach (var vector in vectors)
            total = Math.Min(total + vector.Length, ulong.MaxValue / 2);
        if (total > CpgLimits.MaxMessageBytes)
            return CsError.TooBig;
        var joined = total <= 4096 ? stackalloc byte[(int)total] : new byte[total];
        var position = 0;
        foreach (var vector in vectors)
        {
            new ReadOnlySpan<byte>(vector.Base, (int)vector.Length).CopyTo(joined[position..]);
            position += (int)vector.Length;
        }

        return session.Multicast(joined, guarantee);
    }

    private static CsError Name(CpgName* group, out ReadOnlySpan<byte> name)
    {
        name = default;
        if (group == null)
            return CsError.InvalidParameter;
        if (group->Length > CpgName.BytesMax)
            return CsError.NameTooLong;
        name = new ReadOnlySpan<byte>(&group->Value, (int)group->Length);
        return CsError.Ok;
    }
}
