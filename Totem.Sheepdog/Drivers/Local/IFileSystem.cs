using Microsoft.Win32.SafeHandles;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The system calls of the driver on its files. Each is one step: a process that is killed has made it, or has
/// not.</summary>
internal interface IFileSystem
{
    /// <summary>Opens a file with the flags of <see cref="LinuxFiles"/>; one that is created is its owner's
    /// alone.</summary>
    /// <returns>Null when there is no such file, or nobody reads the pipe that is to be written.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    SafeFileHandle? TryOpen(string path, int flags);

    /// <exception cref="IOException">It cannot be made.</exception>
    void MakePipe(string path);

    /// <returns>False when the source is gone.</returns>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    bool TryRename(string source, string target);

    /// <summary>Removes a file, if it is there.</summary>
    /// <exception cref="IOException">It is there and cannot be removed.</exception>
    void Remove(string path);

    bool Exists(string path);

    /// <summary>The files of a directory whose names match.</summary>
    IEnumerable<string> List(string directory, string pattern = "*");

    /// <summary>Writes with one system call, at the end of a file that was opened so.</summary>
    /// <exception cref="IOException">Not all of it was written.</exception>
    void Append(SafeFileHandle file, ReadOnlySpan<byte> bytes, string path);

    /// <exception cref="IOException">It cannot be written.</exception>
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

    /// <returns>How many bytes there were, 0 at the end.</returns>
    int Read(SafeFileHandle file, Span<byte> bytes, long offset);

    long LengthOf(SafeFileHandle file);

    /// <summary>The file has no name any more.</summary>
    bool IsRemoved(SafeFileHandle file);
}
