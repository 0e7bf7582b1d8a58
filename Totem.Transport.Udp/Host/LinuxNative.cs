using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>The system calls of the Linux path, as 64-bit Linux lays out their arguments.
/// Blittable: nothing is marshalled.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxNative
{
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EAGAIN = 11;
    public const int EINVAL = 22;
    public const int EMSGSIZE = 90;
    public const int EOPNOTSUPP = 95;
    public const int ENOBUFS = 105;
    public const int ECONNREFUSED = 111;

    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_ERRQUEUE = 0x2000;
    public const int MSG_NOSIGNAL = 0x4000;

    public const short POLLIN = 1;
    public const short POLLOUT = 4;
    public const short POLLERR = 8;

    public const int SOL_SOCKET = 1;
    public const int SO_REUSEADDR = 2;
    public const int SO_PRIORITY = 12;
    public const int SO_PEERCRED = 17;
    public const int SO_SNDBUFFORCE = 32;
    public const int SO_RCVBUFFORCE = 33;
    public const int SOL_IP = 0;
    public const int IP_RECVERR = 11;
    public const int SOL_IPV6 = 41;
    public const int IPV6_RECVERR = 25;
    public const int IP_MTU_DISCOVER = 10;
    public const int IPV6_MTU_DISCOVER = 23;

    /// <summary>IP_PMTUDISC_PROBE: packets are never fragmented, and the system's own idea of the
    /// path does not matter.</summary>
    public const int MtuProbe = 3;
    public const int IP_TOS = 1;
    public const int IP_FREEBIND = 15;
    public const int IPV6_FREEBIND = 78;

    /// <summary>SO_EE_ORIGIN_ICMP and, for IPv6, SO_EE_ORIGIN_ICMP6: the error came from the other
    /// end, not from here.</summary>
    public const byte OriginIcmp = 2;

    /// <summary>SO_EE_ORIGIN_LOCAL: the system itself.</summary>
    public const byte OriginLocal = 1;
    public const byte OriginIcmp6 = 3;

    /// <summary>Room for the address of either family, a <c>sockaddr_in6</c>.</summary>
    public const int AddressBytes = 28;

    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;

    public struct IoVec
    {
        public byte* Base;
        public nuint Length;
    }

    public struct MsgHdr
    {
        public byte* Name;
        public uint NameLength;
        public IoVec* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    public struct MMsgHdr
    {
        public MsgHdr Header;
        public uint LengthBytes;
    }

    /// <summary>The header of a control message; its data follows.</summary>
    public struct CMsgHdr
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    public struct SockExtendedErr
    {
        public uint Errno;
        public byte Origin;
        public byte Type;
        public byte Code;
        public byte Pad;
        public uint Info;
        public uint Data;
    }

    public struct PollFd
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    public static int CreateEvent() => EventFd(0, NonBlockingCloseOnExec);

    /// <summary>Sets an option whose value is a number.</summary>
    /// <returns>False when the kernel does not know it or does not permit it. No exception: most
    /// are asked for on the off chance.</returns>
    public static bool TrySetOption(int descriptor, int level, int name, int value)
        => SetSockOpt(descriptor, level, name, &value, sizeof(int)) == 0;

    public static bool TrySetOption(int descriptor, int level, int name, void* value, uint length)
        => SetSockOpt(descriptor, level, name, value, length) == 0;

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int RecvMMsg(int descriptor, MMsgHdr* messages, uint count, int flags, TimeSpec* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int SendMMsg(int descriptor, MMsgHdr* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint RecvMsg(int descriptor, MsgHdr* message, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    public static partial int PPoll(PollFd* descriptors, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSockOpt(int descriptor, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSockOpt(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);
}
