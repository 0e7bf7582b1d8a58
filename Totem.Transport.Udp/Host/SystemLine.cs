using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>The first line of a file in <c>/proc</c>, without an allocation.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class SystemLine
{
    private const int ReadOnlyCloseOnExec = 0x80000;

    /// <summary>Reads it.</summary>
    /// <param name="path">A literal, which has a zero behind it.</param>
    /// <param name="buffer">Where to.</param>
    /// <returns>The part of the buffer that was filled; empty when the file cannot be read.</returns>
    public static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        // Opened each time: a descriptor of ours that stays open is one more that a forked child of
        // the program inherits.
        var file = Open(path, ReadOnlyCloseOnExec);
        if (file < 0)
            return [];
        fixed (byte* start = buffer)
        {
            var length = LinuxNative.Read(file, start, (nuint)buffer.Length);
            _ = LinuxNative.Close(file);
            return buffer[..(int)Math.Max(0, length)];
        }
    }

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(ReadOnlySpan<byte> path, int flags);
}
