namespace Totem.Accord.Wire;

/// <summary>The operations of the old dialect (ACCORD §4).</summary>
internal enum Opcode : byte
{
    /// <summary>Writes a value, or a part of one.</summary>
    Write = 0,

    /// <summary>Reads a value, or a part of one.</summary>
    Read = 1,

    /// <summary>Deletes a path.</summary>
    Delete = 2,

    /// <summary>Executes its children, all or none.</summary>
    Transaction = 3,

    /// <summary>Compares a value with data.</summary>
    Compare = 4,

    /// <summary>Compares two values.</summary>
    CompareValues = 5,

    /// <summary>Copies a value to another path.</summary>
    Copy = 6,

    /// <summary>Adds to a number of 32 bits.</summary>
    Increment = 7,

    /// <summary>Lists the paths with a prefix.</summary>
    List = 8,

    /// <summary>Adds a watch.</summary>
    AddWatch = 9,

    /// <summary>Removes a watch.</summary>
    RemoveWatch = 10,
}

/// <summary>The result of an operation (ACCORD §5).</summary>
internal enum ResultCode
{
    /// <summary>Done.</summary>
    Success = 0,

    /// <summary>The store cannot do it: an increment of something that is no number.</summary>
    Unknown = 0x10,

    /// <summary>Not now: no majority, or not here.</summary>
    Again = 0x20,

    /// <summary>The message is malformed.</summary>
    Message = 0x40,

    /// <summary>A limit of the store.</summary>
    Store = 0x50,

    /// <summary>The path exists and must not.</summary>
    Exists = 0x51,

    /// <summary>The path does not exist.</summary>
    NotFound = 0x52,

    /// <summary>The values differ.</summary>
    NotEqual = 0x53,
}

/// <summary>The flags of a request (ACCORD §2).</summary>
[Flags]
internal enum RequestOptions : ushort
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Answer when it is on stable storage.</summary>
    Sync = 1,

    /// <summary>May create the path.</summary>
    Create = 2,

    /// <summary>Writes behind the end, wherever that is.</summary>
    Append = 4,

    /// <summary>With <see cref="Create"/>: fails when the path exists.</summary>
    Exclusive = 8,
}

/// <summary>The kinds of events, and the bits of a watch's mask (ACCORD §2).</summary>
[Flags]
internal enum EventKinds : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A write that may create.</summary>
    Created = 1,

    /// <summary>A delete.</summary>
    Deleted = 2,

    /// <summary>A write that may not create.</summary>
    Changed = 4,

    /// <summary>Something was copied onto the path.</summary>
    Copied = 8,

    /// <summary>A client came.</summary>
    Joined = 0x100,

    /// <summary>A client went.</summary>
    Left = 0x200,

    /// <summary>In a mask: the path is a prefix.</summary>
    Prefix = 0x0100_0000,
}
