using System.Runtime.InteropServices;

namespace Totem.Transport.Udp.Host;

/// <content>The calls that the neighbour watch needs: Unix sockets and epoll, both without waiting.</content>
internal static unsafe partial class LinuxNative
{
    public const uint EPOLLIN = 1;
    public const uint EPOLLRDHUP = 0x2000;

    public const int EpollAdd = 1;

    public const int AF_UNIX = 1;

    private const int StreamNonBlockingCloseOnExec = 1 | NonBlockingCloseOnExec;
    private const int CloseOnExec = 0x80000;

    // The kernel packs the structure on x86 only: there the data follows the four bytes of the events at once.
    private static readonly int EpollDataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    /// <summary>The size of one event in the kernel's list.</summary>
    public static int EpollEventBytes => EpollDataOffset + sizeof(ulong);

    /// <summary>The data that the <paramref name="index"/>th event of a list was registered with.</summary>
    public static long EpollData(byte* events, int index) =>
        *(long*)(events + (index * EpollEventBytes) + EpollDataOffset);

    public static int CreateEpoll() => EpollCreate(CloseOnExec);

    public static int CreateUnixSocket() => CreateSocket(AF_UNIX, StreamNonBlockingCloseOnExec, 0);

    public static int Accept(int listener) => Accept4(listener, null, null, NonBlockingCloseOnExec);

    /// <summary>Adds a descriptor to an epoll set.</summary>
    public static bool TryAddToEpoll(int epoll, int descriptor, uint events, long data)
    {
        byte* registration = stackalloc byte[16];
        *(uint*)registration = events;
        *(long*)(registration + EpollDataOffset) = data;
        return EpollControl(epoll, EpollAdd, descriptor, registration) == 0;
    }

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int descriptor, byte* address, uint lengthBytes);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    public static partial int Listen(int descriptor, int backlog);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int descriptor, byte* address, uint lengthBytes);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, byte* events, int countMax, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int CreateSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int Accept4(int listener, byte* address, uint* lengthBytes, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int epoll, int operation, int descriptor, byte* registration);
}
