using Totem.Cpg.Ring;

namespace Totem.Cpg.Sessions;

/// <summary>
/// An event that waits in a handle: a message, a change of the group, or of the ring. The bytes of a message lie in
/// memory of the system's allocator, so that the application gets an aligned pointer that does not move; what is not
/// delivered is freed here.
/// </summary>
internal readonly unsafe struct CpgEvent
{
    private const int OverheadBytes = 64;

    // 12 of it are the entry; the rest is its share of what holds the lists.
    private const int ListedBytes = 16;

    private readonly byte* _message;
    private readonly nuint _length;
    private readonly uint _node;
    private readonly uint _pid;
    private readonly object? _change;

    private CpgEvent(byte* message, nuint length, uint node, uint pid)
    {
        _message = message;
        (_length, _node, _pid) = (length, node, pid);
        CostBytes = OverheadBytes + (long)length;
    }

    private CpgEvent(object change, int listedCount)
    {
        _change = change;
        CostBytes = OverheadBytes + ((long)listedCount * ListedBytes);
    }

    private CpgEvent(in Packed packed, object? change)
    {
        _message = (byte*)packed.Message;
        (_length, _node, _pid) = (packed.Length, packed.Node, packed.Pid);
        CostBytes = packed.CostBytes;
        _change = change;
    }

    /// <summary>Its share of the limit of a queue.</summary>
    public long CostBytes { get; }

    /// <summary>A copy of a message.</summary>
    public static CpgEvent Message(uint node, uint pid, ReadOnlySpan<byte> payload, MessageMemory memory)
    {
        var copy = memory.Take(payload.Length);
        payload.CopyTo(new Span<byte>(copy, payload.Length));
        return new CpgEvent(copy, (nuint)payload.Length, node, pid);
    }

    public static CpgEvent GroupChange(
        ReadOnlySpan<CpgAddress> members, ReadOnlySpan<CpgAddress> left, ReadOnlySpan<CpgAddress> joined)
        => new(new CpgChange(members.ToArray(), left.ToArray(), joined.ToArray()),
            members.Length + left.Length + joined.Length);

    public static CpgEvent RingChange(CpgRingView ring) => new(ring, ring.Members.Length);

    /// <summary>Hands it on, with its memory.</summary>
    public void Deliver<T>(ref T receiver)
        where T : ICpgReceiver
    {
        switch (_change)
        {
            case null:
                receiver.OnMessage(_node, _pid, new Span<byte>(_message, (int)_length));
                break;
            case CpgChange change:
                receiver.OnChange(change.Members, change.Left, change.Joined);
                break;
            case CpgRingView ring:
                receiver.OnRing(ring.Id, ring.Members);
                break;
        }
    }

    /// <summary>Takes it apart, for a queue of bytes and one of objects.</summary>
    public Packed Pack(out object? change)
    {
        change = _change;
        return new Packed((nint)_message, _length, _node, _pid, CostBytes, HasChange: change is not null);
    }

    /// <summary>Puts together what <see cref="Pack"/> took apart.</summary>
    public static CpgEvent Unpack(in Packed packed, object? change) => new(packed, change);

    /// <summary>Instead of <see cref="Deliver"/>.</summary>
    public void Free(MessageMemory memory)
    {
        if (_message is not null)
            memory.Return(_message, _length);
    }

    /// <summary>An event but for its object.</summary>
    public readonly record struct Packed(
        nint Message, nuint Length, uint Node, uint Pid, long CostBytes, bool HasChange);

    private sealed record CpgChange(CpgAddress[] Members, CpgAddress[] Left, CpgAddress[] Joined);
}
