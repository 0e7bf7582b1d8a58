using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Totem.Sheepdog.Drivers.Local;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>A process's calls on its files, one by one. At the call that a test names the process is killed, or the
/// call fails.</summary>
[SupportedOSPlatform("linux")]
internal sealed class FaultyFiles : IFileSystem
{
    private static readonly LinuxFileSystem Files = LinuxFileSystem.Instance;

    private readonly List<SafeFileHandle> _open = [];
    private bool _isKilled;
    private bool _hasBeenFull;

    /// <summary>How many calls there were.</summary>
    public int CallCount { get; private set; }

    /// <summary>The process is killed in place of this call; 0 for never.</summary>
    public int KilledAt { get; init; }

    /// <summary>The first call from this one on that needs room on the disk finds none; 0 for never.</summary>
    public int FullAt { get; init; }

    public SafeFileHandle? TryOpen(string path, int flags)
    {
        Step(needsRoom: (flags & LinuxFiles.Create) != 0);
        if (Files.TryOpen(path, flags) is not { } handle)
            return null;
        _open.Add(handle);
        return handle;
    }

    public void MakePipe(string path)
    {
        Step(needsRoom: true);
        Files.MakePipe(path);
    }

    public bool TryRename(string source, string target)
    {
        Step();
        return Files.TryRename(source, target);
    }

    public void Remove(string path)
    {
        Step();
        Files.Remove(path);
    }

    public bool Exists(string path)
    {
        Step();
        return Files.Exists(path);
    }

    public IEnumerable<string> List(string directory, string pattern = "*")
    {
        Step();
        // Always in the same order, so that a run can be repeated.
        return Files.List(directory, pattern).Order(StringComparer.Ordinal).ToList();
    }

    public void Append(SafeFileHandle file, ReadOnlySpan<byte> bytes, string path)
    {
        Step(needsRoom: true);
        Files.Append(file, bytes, path);
    }

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        Step(needsRoom: true);
        Files.Write(file, bytes, offset);
    }

    public int Read(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        Step();
        return Files.Read(file, bytes, offset);
    }

    public long LengthOf(SafeFileHandle file)
    {
        Step();
        return Files.LengthOf(file);
    }

    public bool IsRemoved(SafeFileHandle file)
    {
        Step();
        return Files.IsRemoved(file);
    }

    /// <summary>The kernel closes what the process had open.</summary>
    public void Kill()
    {
        _isKilled = true;
        foreach (var handle in _open)
            handle.Dispose();
    }

    private void Step(bool needsRoom = false)
    {
        CallCount++;
        if (_isKilled || CallCount == KilledAt)
        {
            Kill();
            throw new KilledException();
        }

        if (!needsRoom || FullAt == 0 || CallCount < FullAt || _hasBeenFull)
            return;
        _hasBeenFull = true;
        throw new IOException("no space left on device");
    }
}

/// <summary>The process is gone: no code of it runs from here on.</summary>
internal sealed class KilledException : Exception
{
    public KilledException()
        : base("killed")
    {
    }

    public KilledException(string message)
        : base(message)
    {
    }

    public KilledException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
