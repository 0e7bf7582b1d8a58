using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Totem.Cpg.Sessions;

namespace Totem.Cpg;

/// <summary>Turns an event into the structure that C calls back from. Its memory is then the caller's: of the system's
/// allocator, never null, also for empty messages and lists.</summary>
internal readonly unsafe struct NativeEventWriter(NativeEvent* target, in CpgModelV1 callbacks) : ICpgReceiver
{
    private readonly CpgModelV1 _callbacks = callbacks;

    /// <inheritdoc />
    public void OnMessage(uint node, uint pid, Span<byte> message)
    {
        (target->Kind, target->Node, target->Process) = (NativeEventKind.Message, node, pid);
        target->Callback = _callbacks.Callbacks.Deliver;
        // It lies outside the managed heap and stays where it is.
        target->Memory = Unsafe.AsPointer(ref MemoryMarshal.GetReference(message));
        target->Count = (nuint)message.Length;
    }

    /// <inheritdoc />
    public void OnChange(
        ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined)
    {
        target->Kind = NativeEventKind.GroupChange;
        target->Callback = _callbacks.Callbacks.Change;
        var all = Allocate<CpgAddress>(members.Length + left.Length + joined.Length);
        members.CopyTo(all);
        left.CopyTo(all[members.Length..]);
        joined.CopyTo(all[(members.Length + left.Length)..]);
        (target->Count, target->LeftCount, target->JoinedCount) =
            ((nuint)members.Length, (nuint)left.Length, (nuint)joined.Length);
    }

    /// <inheritdoc />
    public void OnRing(CpgRingId id, ReadOnlySpan<uint> members)
    {
        (target->Kind, target->Node, target->Sequence) = (NativeEventKind.RingChange, id.Node, id.Sequence);
        target->Callback = _callbacks.Ring;
        members.CopyTo(Allocate<uint>(members.Length));
        target->Count = (nuint)members.Length;
    }

    private Span<T> Allocate<T>(int count)
        where T : unmanaged
    {
        target->Memory = NativeMemory.Alloc((nuint)Math.Max(count, 1) * (nuint)sizeof(T));
        return new Span<T>(target->Memory, count);
    }
}
