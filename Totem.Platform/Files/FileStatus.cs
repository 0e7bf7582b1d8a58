using System.Globalization;
using System.Runtime.InteropServices;

namespace Totem.Platform.Files;

/// <summary>The owner of a file, and what may be done with it: struct statx, which is the same on
/// every architecture, unlike struct stat.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
public readonly struct FileStatus
{
    [FieldOffset(16)]
    private readonly uint _linkCount;

    [FieldOffset(20)]
    private readonly uint _user;

    [FieldOffset(24)]
    private readonly uint _group;

    [FieldOffset(28)]
    private readonly ushort _mode;

    public uint LinkCount => _linkCount;

    public uint User => _user;

    public uint Group => _group;

    public bool IsDirectory => (_mode & 0xF000) == 0x4000;

    public bool IsRegular => (_mode & 0xF000) == 0x8000;

    public bool IsLink => (_mode & 0xF000) == 0xA000;

    public UnixFileMode Mode => (UnixFileMode)(_mode & 0xFFF);

    /// <summary>For people.</summary>
    public string Octal => Convert.ToString(_mode & 0xFFF, 8).PadLeft(4, '0');

    /// <summary>For people.</summary>
    public string Owner => User == 0 ? "root" : string.Create(CultureInfo.InvariantCulture, $"the user {User}");
}
