using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Internal;

/// <summary>The one thing about files that .NET has no call for: making a rename survive a loss of power.</summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxFile
{
    /// <summary>The same number on every architecture, unlike O_DIRECTORY.</summary>
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>Flushes a directory's entries.</summary>
    /// <exception cref="IOException">The directory cannot be opened or flushed.</exception>
    public static void FlushDirectory(string path)
    {
        var descriptor = Open(path, ReadOnlyCloseOnExec);
        if (descriptor < 0)
            throw Failed("open", path);
        try
        {
            if (Fsync(descriptor) != 0)
                throw Failed("fsync", path);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string call, string path)
        => new($"{call} of directory {path}: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
