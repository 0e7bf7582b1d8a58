using System.Runtime.InteropServices;

namespace Totem.Sheepdog.Drivers.ZooKeeper.Native;

/// <summary>The servers' facts about a znode (<c>struct Stat</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct ZooKeeperStat
{
    public long CreateTransaction { get; init; }
    public long ModifyTransaction { get; init; }
    public long CreateTime { get; init; }
    public long ModifyTime { get; init; }
    public int Version { get; init; }
    public int ChildrenVersion { get; init; }
    public int AccessVersion { get; init; }

    /// <summary>The session it lives with; 0 when it stays.</summary>
    public long EphemeralOwner { get; init; }

    public int DataLength { get; init; }
    public int ChildrenCount { get; init; }
    public long ChildrenTransaction { get; init; }

    /// <summary>How many children were ever created, which is the next number of a sequential one: the servers count creates twice, and
    /// show that less the children there are.</summary>
    public uint CreatedCount => (uint)(ChildrenVersion + ChildrenCount) / 2;
}

/// <summary>The identity of a session, for those who want to take it over (<c>clientid_t</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZooKeeperClientId
{
    public const int Length = 24;

    public long Id;
    public fixed byte Password[16];
}

/// <summary><c>struct String_vector</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZooKeeperStrings
{
    public int Count;
    public byte** Items;
}

/// <summary>One part of a transaction (<c>zoo_op_t</c>): filled by the library.</summary>
[StructLayout(LayoutKind.Sequential, Size = 72)]
internal struct ZooKeeperOp
{
    public int Kind;
}

/// <summary>The outcome of a part (<c>zoo_op_result_t</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZooKeeperOpResult
{
    public int Code;
    public byte* Value;
    public int ValueLength;
    public ZooKeeperStat* Stat;
}
