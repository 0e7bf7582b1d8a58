using Microsoft.Win32.SafeHandles;

namespace Totem.Platform.Files;

/// <summary>The directory of the ring sequences: files by their names, and nothing that another
/// user could have put there.</summary>
public abstract class StateDirectory : IDisposable
{
    /// <summary>Makes the directory if it is missing.</summary>
    /// <param name="path">Where.</param>
    /// <param name="group">The group that shares it with root; null for nobody, unless root shares it already.</param>
    /// <exception cref="IOException">It cannot be made, or others can write in it.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static StateDirectory Open(string path, uint? group) =>
        OperatingSystem.IsLinux() ? OwnDirectory.Open(path, group) : new PortableDirectory(path);

    /// <summary>Opens a file.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="IOException">It cannot be opened, or is a link or no file.</exception>
    public abstract SafeFileHandle? TryOpen(string name, FileAccess access);

    /// <summary>Makes a file, to be written; what has its name goes.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public abstract SafeFileHandle Create(string name);

    /// <exception cref="IOException">It is there and cannot be removed.</exception>
    public abstract void Remove(string name);

    /// <exception cref="IOException">It cannot be renamed.</exception>
    public abstract void Rename(string source, string target);

    /// <summary>Makes the renames survive a loss of power.</summary>
    /// <exception cref="IOException">They cannot be flushed.</exception>
    public abstract void Flush();

    public abstract void Dispose();

    /// <summary>Where the system has no calls for an open directory that we know.</summary>
    private sealed class PortableDirectory : StateDirectory
    {
        private readonly string _path;

        public PortableDirectory(string path)
        {
            _path = path;
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(
                    path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        public override SafeFileHandle? TryOpen(string name, FileAccess access) =>
            File.Exists(At(name))
                ? File.OpenHandle(At(name), FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete)
                : null;

        public override SafeFileHandle Create(string name)
        {
            Remove(name);
            var file = File.OpenHandle(At(name), FileMode.CreateNew, FileAccess.Write);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return file;
        }

        public override void Remove(string name) => File.Delete(At(name));

        public override void Rename(string source, string target) => File.Move(At(source), At(target), overwrite: true);

        public override void Flush()
        {
        }

        public override void Dispose()
        {
        }

        private string At(string name) => Path.Combine(_path, name);
    }
}
