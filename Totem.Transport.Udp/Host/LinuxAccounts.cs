using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Totem.Transport.Udp.Host;

/// <summary>The system's users and groups by name.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxAccounts
{
    /// <summary>More than any entry that people wrote; a larger one is not found.</summary>
    private const int EntryBytesMax = 1 << 20;

    /// <summary>The number of a group that is given by its name or number.</summary>
    /// <returns>Null when there is no such group.</returns>
    public static uint? FindGroup(string text)
    {
        if (uint.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        var buffer = new byte[EntryBytesMax];
        fixed (byte* room = buffer)
        {
            Group entry;
            Group* found;
            return GetGroup(text, &entry, room, (nuint)buffer.Length, &found) == 0
                && found != null ? entry.Number : null;
        }
    }

    /// <summary>The number of a user who is given by name or number.</summary>
    /// <returns>Null when there is no such user.</returns>
    public static uint? FindUser(string text)
    {
        if (uint.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number;
        var buffer = new byte[EntryBytesMax];
        fixed (byte* room = buffer)
        {
            User entry;
            User* found;
            return GetUser(text, &entry, room, (nuint)buffer.Length, &found) == 0
                && found != null ? entry.Number : null;
        }
    }

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetUser(string name, User* entry, byte* room, nuint roomBytes, User** found);

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

    /// <summary>struct passwd.</summary>
    private struct User
    {
        public byte* Name;
        public byte* Password;
        public uint Number;
        public uint Group;
        public byte* Comment;
        public byte* Home;
        public byte* Shell;
    }
}
