using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Totem.Cpg.Sessions;

namespace Totem.Cpg;

/// <summary>Calls the application's functions, those it gave. List pointers are never null, also of empty lists.</summary>
internal sealed unsafe class NativeReceiver(ulong handle, CpgModelV1 callbacks) : ICpgReceiver
{
    private CpgName _group;

    /// <inheritdoc />
    public void Joining(ReadOnlySpan<byte> group) => _group = CpgName.Of(group);

    /// <inheritdoc />
    public void OnMessage(uint node, uint pid, Span<byte> message)
    {
        if (callbacks.Callbacks.Deliver == null)
            return;
        var group = _group;
        // It lies outside the managed heap and stays where it is.
        callbacks.Callbacks.Deliver(
            handle, &group, node, pid, Unsafe.AsPointer(ref MemoryMarshal.GetReference(message)), (nuint)message.Length);
    }

    /// <inheritdoc />
    public void OnChange(ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined)
    {
        if (callbacks.Callbacks.Change == null)
            return;
        var group = _group;
        var none = default(CpgAddress);
        fixed (CpgAddress* memberList = members, leftList = left, joinedList = joined)
        {
            callbacks.Callbacks.Change(
                handle,
                &group,
                OrNone(memberList, &none),
                (nuint)members.Length,
                OrNone(leftList, &none),
                (nuint)left.Length,
                OrNone(joinedList, &none),
                (nuint)joined.Length);
        }
    }

    /// <inheritdoc />
    public void OnRing(CpgRingId id, ReadOnlySpan<uint> members)
    {
        if (callbacks.Ring == null)
            return;
        fixed (uint* list = members)
            callbacks.Ring(handle, id, (uint)members.Length, list);
    }

    private static CpgAddress* OrNone(CpgAddress* list, CpgAddress* none) => list == null ? none : list;
}
