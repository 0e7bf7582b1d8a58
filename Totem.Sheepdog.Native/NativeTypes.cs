using System.Runtime.InteropServices;

namespace Totem.Sheepdog.Native;

/// <summary>The answers of every function: 0, or a negated <c>errno</c> value. <c>totem_sheepdog.h</c> says what each
/// means here.</summary>
internal enum Result
{
    Ok = 0,

    /// <summary>EIO: the driver could not be started.</summary>
    CannotStart = -5,

    /// <summary>EBADF: no such handle.</summary>
    BadHandle = -9,

    /// <summary>ENOMEM: no memory.</summary>
    NoMemory = -12,

    /// <summary>EBUSY: called from within a callback.</summary>
    InCallback = -16,

    /// <summary>EINVAL: an argument, or the option string.</summary>
    Invalid = -22,

    /// <summary>ENFILE: no more handles or descriptors.</summary>
    Full = -23,

    /// <summary>EDEADLK: waiting here would be for ever.</summary>
    Deadlock = -35,

    /// <summary>ENOLCK: the lock is not held, or no longer.</summary>
    LockLost = -37,

    /// <summary>EOPNOTSUPP: this driver cannot do that.</summary>
    NotSupported = -95,

    /// <summary>ENOTCONN: not sent.</summary>
    NotSent = -107,

    /// <summary>ECANCELED: the handle was closed meanwhile.</summary>
    Closed = -125,

    /// <summary>ENOTRECOVERABLE: a defect of the library.</summary>
    Defect = -131,
}

/// <summary><c>struct totem_sheepdog_node</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeNode
{
    public byte* Bytes;
    public nuint Length;
}

/// <summary><c>struct totem_sheepdog_callbacks</c>. Every member but the log is set; the thin
/// library in C sees to that.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeCallbacks
{
    public nuint Size;
    public delegate* unmanaged[Cdecl]<nint, NativeNode*, NativeNode*, nuint, byte*, nuint, int> Join;
    public delegate* unmanaged[Cdecl]<nint, NativeNode*, NativeNode*, nuint, byte*, nuint, void> Accept;
    public delegate* unmanaged[Cdecl]<nint, NativeNode*, NativeNode*, nuint, void> Leave;
    public delegate* unmanaged[Cdecl]<nint, NativeNode*, byte*, nuint, void> Notify;
    public delegate* unmanaged[Cdecl]<nint, NativeNode*, int> Block;
    public delegate* unmanaged[Cdecl]<nint, NativeNode*, void> UpdateNode;
    public delegate* unmanaged[Cdecl]<nint, int> Reconnect;
    public delegate* unmanaged[Cdecl]<nint, byte*, void> Failed;

    /// <summary>Null when nobody wants a log.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, byte*, void> Log;
}
