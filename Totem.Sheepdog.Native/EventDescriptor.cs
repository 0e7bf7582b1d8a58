using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Totem.Sheepdog.Native;

/// <summary>
/// A descriptor that is readable exactly while there is something to dispatch: an eventfd, which never hangs up. It is
/// set on the driver's threads and closed on the application's, hence the lock.
/// </summary>
internal sealed unsafe partial class EventDescriptor : IDisposable
{
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;

    private readonly Lock _gate = new();
    private bool _isSet;
    private bool _isClosed;

    /// <exception cref="Win32Exception">There are no descriptors left.</exception>
    public EventDescriptor()
    {
        Number = EventFd(0, NonBlockingCloseOnExec);
        if (Number < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>The descriptor that the application polls. It does not read from it.</summary>
    public int Number { get; }

    /// <summary>Makes it readable, or not.</summary>
    public void Set(bool isReadable)
    {
        lock (_gate)
        {
            if (_isClosed || _isSet == isReadable)
                return;
            _isSet = isReadable;
            ulong count = 1;
            if (isReadable)
                _ = Write(Number, &count, sizeof(ulong));
            else
                _ = Read(Number, &count, sizeof(ulong));
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _ = Close(Number);
        }
    }

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint count, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
