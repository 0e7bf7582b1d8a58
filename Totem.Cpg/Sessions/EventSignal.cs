using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Totem.Cpg.Sessions;

/// <summary>
/// A descriptor that is readable exactly while something waits: one end of a pair of sockets, with one byte in it or
/// none. Its user holds a lock around every call.
/// </summary>
internal sealed unsafe partial class EventSignal : IDisposable
{
    private const int UnixFamily = 1;
    private const int StreamNonBlockingCloseOnExec = 1 | 0x800 | 0x80000;
    private const int DoNotSignal = 0x4000;
    private const int BothDirections = 2;
    private const int DuplicateCloseOnExec = 1030;

    private int _inner;
    private bool _isSet;
    private bool _isDisposed;

    /// <exception cref="Win32Exception">There are no descriptors left, or a sandbox forbids Unix sockets.</exception>
    public EventSignal()
    {
        var pair = stackalloc int[2];
        if (SocketPair(UnixFamily, StreamNonBlockingCloseOnExec, 0, pair) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new Win32Exception(error, "no pair of Unix sockets can be made "
                + $"({Marshal.GetPInvokeErrorMessage(error)}), expected AF_UNIX to be "
                + "permitted and two descriptors to be free");
        }

        (Descriptor, _inner) = (pair[0], pair[1]);
    }

    /// <summary>The descriptor that the application polls. It does not read from it.</summary>
    public int Descriptor { get; }

    /// <summary>The same under another number; -1 when there are no descriptors left.</summary>
    public int Duplicate() => Control(Descriptor, DuplicateCloseOnExec, 3);

    /// <summary>Makes it readable.</summary>
    public void Set()
    {
        if (_isSet || _inner < 0)
            return;
        byte one = 1;
        _ = Send(_inner, &one, 1, DoNotSignal);
        _isSet = true;
    }

    /// <summary>Makes it not readable.</summary>
    public void Reset()
    {
        if (!_isSet || _isDisposed)
            return;
        byte one;
        _ = Receive(Descriptor, &one, 1, 0);
        _isSet = false;
    }

    /// <summary>Readable and hung up, for good: what a dead daemon looks like.</summary>
    public void HangUp()
    {
        if (_inner < 0)
            return;
        // Closing is not enough: a child forked meanwhile may have this end too.
        _ = Shutdown(_inner, BothDirections);
        _ = Close(_inner);
        _inner = -1;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        HangUp();
        _ = Close(Descriptor);
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint Send(int descriptor, void* buffer, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "recv")]
    private static partial nint Receive(int descriptor, void* buffer, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    private static partial int Shutdown(int descriptor, int how);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
