using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The calls of Linux that the driver needs and .NET does not have. The numbers are the same on every
/// architecture .NET runs on.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxFiles
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;

    public const short PollIn = 1;
    public const short PollError = 8;

    private const int CloseOnExec = 0x80000;
    private const uint OwnerOnly = 0x180;

    private const int NotFound = 2;
    private const int Interrupted = 4;
    private const int NoReader = 6;

    /// <summary>Opens a file; one that is created is its owner's alone.</summary>
    /// <returns>Null when there is no such file, or nobody reads the pipe that is to be written.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle? TryOpen(string path, int flags)
    {
        int descriptor;
        do
            descriptor = OpenFile(path, flags | CloseOnExec, OwnerOnly);
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() is NotFound or NoReader ? null : throw Failed("open", path);
    }

    /// <exception cref="IOException">It cannot be made.</exception>
    public static void MakePipe(string path)
    {
        if (MakeFifo(path, OwnerOnly) != 0)
            throw Failed("mkfifo", path);
    }

    /// <returns>False when the source is gone.</returns>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public static bool TryRename(string source, string target)
    {
        if (Rename(source, target) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == NotFound ? false : throw Failed("rename", source);
    }

    /// <summary>Removes a file, if it is there.</summary>
    /// <exception cref="IOException">It is there and cannot be removed.</exception>
    public static void Remove(string path)
    {
        if (Unlink(path) != 0 && Marshal.GetLastPInvokeError() != NotFound)
            throw Failed("unlink", path);
    }

    /// <summary>Writes with one system call.</summary>
    /// <exception cref="IOException">Not all of it was written.</exception>
    public static void WriteOnce(SafeFileHandle file, ReadOnlySpan<byte> bytes, string path)
    {
        nint written;
        do
            written = Write(file, in MemoryMarshal.GetReference(bytes), (nuint)bytes.Length);
        while (written < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        if (written != bytes.Length)
            throw written < 0 ? Failed("write", path)
                : new IOException($"write {path}: {written} of {bytes.Length} bytes");
    }

    /// <summary>Takes what can be read without waiting; nothing is 0.</summary>
    public static int ReadSome(SafeFileHandle file, Span<byte> buffer) =>
        (int)Math.Max(0, Read(file, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length));

    /// <summary>Waits, for ever when nothing is reported.</summary>
    public static void Wait(Span<PollDescriptor> descriptors)
    {
        while (Poll(ref MemoryMarshal.GetReference(descriptors), (nuint)descriptors.Length, -1) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw Failed("poll", "");
        }
    }

    /// <summary>A descriptor that makes a waiting thread go on when eight bytes are written to it.</summary>
    public static SafeFileHandle CreateEvent() =>
        EventFd(0, NonBlocking | CloseOnExec) is >= 0 and var descriptor
            ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failed("eventfd", "");

    /// <summary>A descriptor that reports changes of files.</summary>
    public static SafeFileHandle CreateNotifier() =>
        InotifyInit(NonBlocking | CloseOnExec) is >= 0 and var descriptor
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw Failed("inotify_init1 (fs.inotify.max_user_instances bounds how many a user can have)", "");

    /// <returns>The number of the watch; negative when the file is gone.</returns>
    public static int AddWatch(SafeFileHandle notifier, string path, uint mask)
    {
        var watch = InotifyAddWatch(notifier, path, mask);
        return watch >= 0 || Marshal.GetLastPInvokeError() == NotFound ? watch
            : throw Failed("inotify_add_watch", path);
    }

    public static void RemoveWatch(SafeFileHandle notifier, int watch) => _ = InotifyRemoveWatch(notifier, watch);

    private static IOException Failed(string call, string path) =>
        new($"{call} {path}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenFile(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rename", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Rename(string source, string target);

    [LibraryImport("libc", EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, in byte bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, ref byte buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int InotifyInit(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", StringMarshalling = StringMarshalling.Utf8,
        SetLastError = true)]
    private static partial int InotifyAddWatch(SafeFileHandle notifier, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int InotifyRemoveWatch(SafeFileHandle notifier, int watch);

    /// <summary>struct pollfd.</summary>
    public struct PollDescriptor
    {
        /// <summary>A negative one is skipped.</summary>
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
