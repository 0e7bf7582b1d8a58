using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Internal;

/// <summary>The system's groups by name.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxAccounts
{
    /// <summary>More than any entry that people wrote; a larger one is not found.</summary>
    private const int EntryBytesMax = 1 << 20;

    /// <summary>The number of a group that is given by its name or number.</summary>
    /// <returns>Null when there is no such group.</returns>
    public static uint? FindGroup(string text)
    {
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        var buffer = new byte[EntryBytesMax];
        fixed (byte* room = buffer)
        {
            Group entry;
            Group* found;
            return GetGroup(text, &entry, room, (nuint)buffer.Length, &found) == 0 && found != null ? entry.Number : null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getgrnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetGroup(string name, Group* entry, byte* room, nuint roomBytes, Group** found);

    /// <summary>struct group.</summary>
    private struct Group
    {
        public byte* Name;
        public byte* Password;
        public uint Number;
        public byte** Members;
    }
}
