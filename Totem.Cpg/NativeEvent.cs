using System.Runtime.InteropServices;

namespace Totem.Cpg;

/// <summary><c>enum totem_handle_kind</c> of <c>Native/dispatch.h</c>: which table a handle is in.</summary>
internal enum HandleKind
{
    Cpg = 0,
    Cfg = 1,
}

/// <summary>The kinds of events, as C has them.</summary>
internal enum NativeEventKind
{
    Message = 1,
    GroupChange = 2,
    RingChange = 3,
}

/// <summary><c>struct totem_event</c> of <c>Native/engine.h</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeEvent
{
    public NativeEventKind Kind;
    public uint Node;
    public uint Process;
    public ulong Sequence;
    public void* Callback;
    public void* Memory;
    public nuint Count;
    public nuint LeftCount;
    public nuint JoinedCount;
    public CpgName Group;
}
