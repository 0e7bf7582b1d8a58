using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Totem.Platform.Files;

/// <summary>
/// A directory that is ours, held open: its files are found in it, whatever happens to its path meanwhile. Ours is what
/// belongs to this user and nobody else can write in, or what root shares with a group (mode 2770). A link is never
/// followed to a place that another user chose.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class OwnDirectory : StateDirectory
{
    private const uint Root = 0;

    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode GroupsFileMode = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Shared = UnixFileMode.GroupWrite | UnixFileMode.SetGroup;
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly string _path;
    private readonly SafeFileHandle _handle;

    private OwnDirectory(string path, SafeFileHandle handle, bool isShared) =>
        (_path, _handle, IsShared) = (path, handle, isShared);

    /// <summary>Root shares it with a group, so its files are the group's.</summary>
    public bool IsShared { get; private set; }

    /// <summary>Makes the directory if it is missing, for this user alone, and looks whose it is.</summary>
    /// <exception cref="IOException">It cannot be made or opened, or is not ours; the message says
    /// what is expected.</exception>
    public static new OwnDirectory Open(string path, uint? group)
    {
        var directory = Open(path, mayBeShared: true);
        if (group is not { } wanted || directory.IsShared || LinuxFile.EffectiveUser() != Root)
            return directory;
        directory.ShareWith(wanted);
        return directory;
    }

    /// <summary>Makes the directory if it is missing, for this user alone, and looks whose it is:
    /// this user's, and nobody shares it.</summary>
    /// <exception cref="IOException">It cannot be made or opened, or is not ours; the message says
    /// what is expected.</exception>
    public static void Make(string path) => Open(path, mayBeShared: false).Dispose();

    /// <summary>The members that root has run here before left files that the group's may take over.</summary>
    private void ShareWith(uint group)
    {
        LinuxFile.SetGroup(_handle, group, _path);
        File.SetUnixFileMode(_handle, Owners | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | Shared);
        foreach (var name in Directory.EnumerateFiles(_path, "ringid_*").Select(Path.GetFileName))
        {
            using var file = TryOpen(name!, FileAccess.Read);
            if (file is null)
                continue;
            LinuxFile.SetGroup(file, group, name!);
            File.SetUnixFileMode(file, FileMode | GroupsFileMode);
        }

        IsShared = true;
    }

    private static OwnDirectory Open(string path, bool mayBeShared)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        CheckWay(path, mayBeShared);
        if (LinuxFile.TryStatus(path) is null)
            Create(path, mayBeShared);
        // Somebody else may have been faster.
        var found = LinuxFile.TryStatus(path) ?? throw new IOException($"{path} was removed at once");
        Check(path, found, mayBeShared);
        var handle = LinuxFile.OpenDirectory(path);
        try
        {
            // A directory that is open cannot be exchanged any more.
            return new OwnDirectory(path, handle, Check(path, LinuxFile.Status(handle), mayBeShared));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public override SafeFileHandle? TryOpen(string name, FileAccess access)
    {
        var flags = access switch
        {
            FileAccess.Read => LinuxFile.ReadOnly,
            FileAccess.Write => LinuxFile.WriteOnly,
            _ => LinuxFile.ReadWrite,
        };
        if (LinuxFile.TryStatus(Path.Combine(_path, name)) is { IsLink: true })
            throw new IOException($"{Path.Combine(_path, name)} is a symbolic link, expected a file; remove it");
        if (LinuxFile.TryOpenAt(_handle, name, _path, flags) is not { } file)
            return null;
        // A file with two names may be another's file, which we would overwrite.
        if (LinuxFile.Status(file) is { IsRegular: true, LinkCount: <= 1 })
            return file;
        file.Dispose();
        throw new IOException($"{Path.Combine(_path, name)} is no regular file with one name, expected one; remove it");
    }

    public override SafeFileHandle Create(string name)
    {
        Remove(name);
        var mode = IsShared ? FileMode | GroupsFileMode : FileMode;
        var file = LinuxFile.TryOpenAt(_handle, name, _path, LinuxFile.WriteOnly | LinuxFile.CreateNew, mode)
            ?? throw new IOException($"{_path} is gone");
        // The group's others need what the umask takes away.
        if (IsShared)
            File.SetUnixFileMode(file, mode);
        return file;
    }

    public override void Remove(string name) => LinuxFile.RemoveAt(_handle, name, _path);

    public override void Rename(string source, string target) => LinuxFile.RenameAt(_handle, source, target, _path);

    public override void Flush() => LinuxFile.FlushDirectory(_handle, _path);

    public override void Dispose() => _handle.Dispose();

    private static void Create(string path, bool mayBeShared)
    {
        try
        {
            Directory.CreateDirectory(path, Owners);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var reason = failure switch
            {
                UnauthorizedAccessException => "this user may not make it",
                FileNotFoundException or DirectoryNotFoundException => "no directory can be made there",
                _ => failure.Message.TrimEnd('.'),
            };
            throw new IOException($"{path} cannot be made: {reason}; {Expected(path, mayBeShared)}", failure);
        }
    }

    /// <summary>
    /// A name in a directory that everybody can write in, as the temporary one, belongs to who came first; and a link
    /// leads where its owner likes. Each on the way must be root's or ours.
    /// </summary>
    private static void CheckWay(string path, bool mayBeShared)
    {
        var isOpenToAll = false;
        for (var end = 1; end > 0; end = end < path.Length ? NextEnd(path, end) : 0)
        {
            if (LinuxFile.TryStatus(path[..end]) is not { } status)
                return;
            if (status.User != Root && status.User != LinuxFile.EffectiveUser() && (isOpenToAll || status.IsLink))
                throw new IOException($"{path[..end]} belongs to {status.Owner}, expected a directory of this one; "
                    + $"{Expected(path, mayBeShared)}");
            isOpenToAll = !status.IsLink && status.Mode.HasFlag(UnixFileMode.OtherWrite);
        }
    }

    private static int NextEnd(string path, int end) =>
        path.IndexOf('/', end + 1) is > 0 and var next ? next : path.Length;

    /// <returns>Whether root shares it with a group.</returns>
    private static bool Check(string path, FileStatus status, bool mayBeShared)
    {
        if (status.IsLink)
            throw new IOException($"{path} is no directory but a symbolic link; {Expected(path, mayBeShared)}");
        if (!status.IsDirectory)
            throw new IOException($"{path} is no directory; {Expected(path, mayBeShared)}");
        var isShared = mayBeShared && status.User == Root && status.Mode.HasFlag(Shared)
            && !status.Mode.HasFlag(UnixFileMode.OtherWrite);
        if (!isShared && status.User != LinuxFile.EffectiveUser())
            throw new IOException($"{path} belongs to {status.Owner}, expected a directory of this one; "
                + $"{Expected(path, mayBeShared)}");
        if (!isShared && (status.Mode & WritableByOthers) != UnixFileMode.None)
            throw new IOException($"{path} can be written by others (mode {status.Octal}); "
                + $"{Expected(path, mayBeShared)}");
        return isShared;
    }

    private static string Expected(string path, bool mayBeShared)
    {
        var user = LinuxFile.EffectiveUser();
        var own = user == Root
            ? "expected a directory that belongs to root and only root can write"
            : string.Create(CultureInfo.InvariantCulture, $"expected a directory that belongs to the user {user} and "
                + $"only it can write");
        return mayBeShared
            ? $"{own}, or one that root shares with a group (install -d -o root -g GROUP -m 2770 {path}); --state, "
                + "TOTEM_STATE or state= names another"
            : own;
    }
}
