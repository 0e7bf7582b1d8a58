using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Totem.Cpg;

/// <summary>The answers of every function of the two libraries: <c>cs_error_t</c>.</summary>
internal enum CsError
{
    Ok = 1,
    Library = 2,
    TryAgain = 6,
    InvalidParameter = 7,
    NoMemory = 8,
    BadHandle = 9,
    NotExist = 12,
    NameTooLong = 13,
    Exist = 14,
    Interrupt = 16,
    NotSupported = 19,
    TooBig = 26,
    NoSections = 27,
}

/// <summary><c>cpg_guarantee_t</c>. A guarantee that is not safe is agreed, which is FIFO too.</summary>
internal enum CpgGuarantee
{
    Unordered = 0,
    Fifo = 1,
    Agreed = 2,
    Safe = 3,
}

/// <summary><c>cpg_reason_t</c>: why a member came or went.</summary>
internal enum CpgReason : uint
{
    Undefined = 0,
    Join = 1,
    Leave = 2,
    NodeDown = 3,
    NodeUp = 4,
    ProcessDown = 5,
}

/// <summary><c>cpg_iteration_type_t</c>.</summary>
internal enum CpgIterationType
{
    NameOnly = 1,
    OneGroup = 2,
    All = 3,
}

/// <summary><c>struct cpg_address</c>: a process in a group.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct CpgAddress(uint Node, uint Pid, CpgReason Reason = CpgReason.Undefined);

/// <summary><c>struct cpg_name</c>: a length and bytes without an end mark.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CpgName
{
    public const int BytesMax = 128;

    public uint Length;
    public Bytes Value;

    [InlineArray(BytesMax)]
    public struct Bytes
    {
        private byte _first;
    }

    public static CpgName Of(ReadOnlySpan<byte> name)
    {
        var native = new CpgName { Length = (uint)name.Length };
        name.CopyTo(native.Value);
        return native;
    }
}

/// <summary><c>struct cpg_iteration_description_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CpgIterationDescription
{
    public CpgName Group;
    public uint Node;
    public uint Pid;
}

/// <summary><c>struct cpg_ring_id</c>, which the totem callback takes by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct CpgRingId(uint Node, ulong Sequence);

/// <summary><c>cpg_callbacks_t</c>; either may be null.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CpgCallbacks
{
    public delegate* unmanaged[Cdecl]<ulong, CpgName*, uint, uint, void*, nuint, void> Deliver;
    public delegate* unmanaged[Cdecl]<ulong, CpgName*, CpgAddress*, nuint, CpgAddress*, nuint, CpgAddress*, nuint,
        void> Change;
}

/// <summary><c>cpg_model_v1_data_t</c>; each callback may be null.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CpgModelV1
{
    /// <summary>The only model, and the only flag.</summary>
    public const int Model1 = 1;
    public const uint DeliverInitialRing = 1;

    public int Model;
    public CpgCallbacks Callbacks;
    public delegate* unmanaged[Cdecl]<ulong, CpgRingId, uint, uint*, void> Ring;
    public uint Flags;
}

/// <summary><c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public byte* Base;
    public nuint Length;
}

/// <summary><c>corosync_cfg_node_address_t</c>: a socket address and how much of it counts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CfgNodeAddress
{
    public const int AddressBytes = 28;

    public int Length;
    public Bytes Address;

    [InlineArray(AddressBytes)]
    public struct Bytes
    {
        private byte _first;
    }
}

/// <summary><c>struct corosync_knet_link_status_v1</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CfgLinkStatus
{
    public const int HostBytes = 256;

    public byte Enabled;
    public byte Connected;
    public byte DynamicallyConnected;
    public uint Mtu;
    public Host Source;
    public Host Destination;

    [InlineArray(HostBytes)]
    public struct Host
    {
        private byte _first;
    }
}

/// <summary><c>struct corosync_cfg_node_status_v1</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CfgNodeStatus
{
    public const int Version1 = 1;
    public const int LinkCount = 8;

    public int Version;
    public uint Node;
    public byte Reachable;
    public byte Remote;
    public byte External;
    public byte OnWireMin;
    public byte OnWireMax;
    public byte OnWireVersion;
    public Links Link;

    [InlineArray(LinkCount)]
    public struct Links
    {
        private CfgLinkStatus _first;
    }
}
