using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Totem.Platform.Files;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The files of this machine.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxFileSystem : IFileSystem
{
    public static readonly LinuxFileSystem Instance = new();

    private LinuxFileSystem()
    {
    }

    public SafeFileHandle? TryOpen(string path, int flags) => LinuxFiles.TryOpen(path, flags);

    public void MakePipe(string path) => LinuxFiles.MakePipe(path);

    public bool TryRename(string source, string target) => LinuxFiles.TryRename(source, target);

    public void Remove(string path) => LinuxFiles.Remove(path);

    public bool Exists(string path) => File.Exists(path);

    public IEnumerable<string> List(string directory, string pattern = "*") =>
        Directory.EnumerateFiles(directory, pattern);

    public void Append(SafeFileHandle file, ReadOnlySpan<byte> bytes, string path) =>
        LinuxFiles.WriteOnce(file, bytes, path);

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) =>
        RandomAccess.Write(file, bytes, offset);

    public int Read(SafeFileHandle file, Span<byte> bytes, long offset) => RandomAccess.Read(file, bytes, offset);

    public long LengthOf(SafeFileHandle file) => RandomAccess.GetLength(file);

    public bool IsRemoved(SafeFileHandle file) => LinuxFile.Status(file).LinkCount == 0;
}
