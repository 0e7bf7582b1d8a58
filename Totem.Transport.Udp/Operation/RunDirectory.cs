using System.Globalization;
using System.Net.Sockets;
using Totem.Platform.Files;

namespace Totem.Transport.Udp.Operation;

/// <summary>The directory with the status sockets of this user's members.</summary>
internal static class RunDirectory
{
    /// <summary>The variable that names another one.</summary>
    public const string Variable = "TOTEM_RUN_DIR";

    /// <summary>Its value where nobody is to look.</summary>
    public const string None = "none";

    private const string Prefix = "member-";
    private const string Suffix = ".sock";

    /// <summary>The system's limit for the path of a Unix socket, with the zero behind it.</summary>
    private const int PathBytesMax = 108;

    /// <summary>The directory; null where there are to be no sockets.</summary>
    public static string? Find(string? wanted)
    {
        var path = wanted ?? Environment.GetEnvironmentVariable(Variable);
        return path == None ? null : string.IsNullOrEmpty(path) ? RuntimeDirectory.Path : path;
    }

    /// <summary>Where to look for members: root sees those of every user.</summary>
    public static IEnumerable<string> All()
    {
        if (Find(null) is not { } own)
            return [];
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)) || !Environment.IsPrivilegedProcess)
            return [own];
        return new[] { own }.Concat(Subdirectories("/run/user", "*").Select(x => Path.Combine(x, "totem")))
            .Concat(Subdirectories(Path.GetTempPath(), "totem-*")).Distinct(StringComparer.Ordinal);
    }

    private static string[] Subdirectories(string path, string pattern)
    {
        try
        {
            return Directory.GetDirectories(path, pattern);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The sockets that lie there, live or not.</summary>
    public static IReadOnlyList<string> List(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(directory, Prefix + "*" + Suffix)
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception failure) when (failure is DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Binds a socket with a name that nobody has, and lets only this user connect.</summary>
    /// <exception cref="IOException">The directory is not ours, or its path is too long.</exception>
    /// <exception cref="SocketException">The system gives no Unix socket.</exception>
    public static (Socket Socket, string Path) Bind(string directory, int backlog)
    {
        if (OperatingSystem.IsLinux())
            OwnDirectory.Make(directory);
        else
            Directory.CreateDirectory(directory);
        RemoveStale(directory);
        for (var number = 1; ; number++)
        {
            var path = Path.Combine(directory, string.Create(
                CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{number}{Suffix}"));
            if (System.Text.Encoding.UTF8.GetByteCount(path) >= PathBytesMax)
                throw new IOException($"{path} is too long for a Unix socket, expected fewer than {PathBytesMax} "
                    + $"bytes");
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Bind(new UnixDomainSocketEndPoint(path));
                // Before anybody can connect, which the listening begins.
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                socket.Listen(backlog);
                return (socket, path);
            }
            catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressAlreadyInUse
                && number < short.MaxValue)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>A process that was killed has left its name. Nobody listens there, and its number is nobody's
    /// now.</summary>
    private static void RemoveStale(string directory)
    {
        foreach (var path in List(directory).Where(x => !IsRunning(x) && IsDead(x)))
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Somebody else's, or gone already.
            }
        }
    }

    /// <summary>Nobody listens behind this name any more.</summary>
    public static bool IsDead(string path)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Blocking = false;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    /// <summary>A look at the number saves a connection to each member of the host at each start.</summary>
    private static bool IsRunning(string path)
    {
        var name = Path.GetFileName(path.AsSpan())[Prefix.Length..];
        var dash = name.IndexOf('-');
        return dash > 0 && int.TryParse(name[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}"));
    }
}
