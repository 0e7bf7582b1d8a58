using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Totem.Platform.Files;

/// <summary>The calls that .NET does not have: files by their name in a directory that is open, without following
/// links, and whose they are.</summary>
[SupportedOSPlatform("linux")]
public static partial class LinuxFile
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int CreateNew = 0x40 | 0x80;

    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    private const int CurrentDirectory = -100;
    private const int NoFollowStatus = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStatus = 0x7FF;

    private const int NotFound = 2;
    private const int Interrupted = 4;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm
        or Architecture.Arm64 or Architecture.Ppc64le;

    // The two that depend on the architecture.
    private static readonly int OnlyDirectory = IsArm ? 0x4000 : 0x10000;
    private static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    /// <summary>Opens a directory; a link is none.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle OpenDirectory(string path) =>
        Opened(CurrentDirectory, path, OnlyDirectory | NoFollow) ?? throw Failed("open", path);

    /// <summary>Opens a file of a directory, whose path is for messages; a link is an error.</summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle? TryOpenAt(
        SafeFileHandle directory, string name, string path, int flags, UnixFileMode mode = UnixFileMode.None) =>
        // A pipe that somebody put there must not hold us up.
        Opened((int)directory.DangerousGetHandle(), name, flags | NoFollow | NonBlocking, (uint)mode, path);

    /// <summary>Removes a file of a directory, if it is there.</summary>
    /// <exception cref="IOException">It is there and cannot be removed.</exception>
    public static void RemoveAt(SafeFileHandle directory, string name, string path)
    {
        if (UnlinkAt(directory, name, 0) != 0 && Marshal.GetLastPInvokeError() != NotFound)
            throw Failed("unlink", Path.Combine(path, name));
    }

    /// <exception cref="IOException">It cannot be renamed.</exception>
    public static void RenameAt(SafeFileHandle directory, string source, string target, string path)
    {
        if (Rename(directory, source, directory, target) != 0)
            throw Failed("rename", Path.Combine(path, source));
    }

    /// <summary>Flushes a directory's entries, so that a rename survives a loss of power.</summary>
    /// <exception cref="IOException">It cannot be flushed.</exception>
    public static void FlushDirectory(SafeFileHandle directory, string path)
    {
        if (Fsync(directory) != 0)
            throw Failed("fsync of directory", path);
    }

    /// <summary>The owner of a file, and what may be done with it; of a link itself.</summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">The system does not say.</exception>
    public static FileStatus? TryStatus(string path) => Status(CurrentDirectory, path, NoFollowStatus);

    public static FileStatus Status(SafeFileHandle file) =>
        Status((int)file.DangerousGetHandle(), "", EmptyPath)!.Value;

    /// <exception cref="IOException">It may not be set.</exception>
    public static void SetGroup(SafeFileHandle file, uint group, string path)
    {
        if (ChangeOwner(file, uint.MaxValue, group) != 0)
            throw Failed("chown", path);
    }

    /// <summary>The user of this process, as far as files are concerned.</summary>
    public static uint EffectiveUser() => GetEffectiveUser();

    private static SafeFileHandle? Opened(int directory, string name, int flags, uint mode = 0, string path = "")
    {
        int descriptor;
        do
            descriptor = OpenAt(directory, name, flags | CloseOnExec, mode);
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() == NotFound ? null : throw Failed("open", Path.Combine(path, name));
    }

    private static FileStatus? Status(int directory, string path, int flags)
    {
        if (StatX(directory, path, flags, BasicStatus, out var status) == 0)
            return status;
        return Marshal.GetLastPInvokeError() == NotFound ? null : throw Failed("statx", path);
    }

    private static IOException Failed(string call, string path) =>
        new($"{call} {path}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int UnlinkAt(SafeFileHandle directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Rename(
        SafeFileHandle sourceDirectory, string source, SafeFileHandle targetDirectory, string target);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int directory, string path, int flags, uint mask, out FileStatus status);
}
