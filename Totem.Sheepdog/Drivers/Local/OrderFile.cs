using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The order of one segment: records that are appended and never changed. Everybody who
/// reads it reads the same.</summary>
[SupportedOSPlatform("linux")]
internal sealed class OrderFile : IDisposable
{
    private readonly IFileSystem _files;
    private readonly SafeFileHandle _handle;
    private readonly byte[] _buffer = new byte[OrderRecord.Bytes * 256];
    private long _start;
    private int _next;
    private int _end;

    private OrderFile(IFileSystem files, SafeFileHandle handle, string path) =>
        (_files, _handle, Path) = (files, handle, path);

    public string Path { get; }

    /// <summary>Where the last record that was read begins.</summary>
    public long LastOffset { get; private set; }

    /// <summary>Bytes that were no record.</summary>
    public long SkippedBytes { get; private set; }

    /// <summary>Somebody has removed it.</summary>
    public bool IsRemoved => _files.IsRemoved(_handle);

    /// <returns>Null when there is no such file and it is not to be made.</returns>
    public static OrderFile? TryOpen(IFileSystem files, string path, bool isMade)
    {
        var flags = LinuxFiles.ReadWrite | LinuxFiles.Append | (isMade ? LinuxFiles.Create : 0);
        return files.TryOpen(path, flags) is { } handle ? new OrderFile(files, handle, path) : null;
    }

    /// <exception cref="IOException">It could not be appended.</exception>
    public void Append(in OrderRecord record)
    {
        Span<byte> bytes = stackalloc byte[OrderRecord.Bytes];
        record.Write(bytes);
        _files.Append(_handle, bytes, Path);
    }

    /// <summary>Reads the next record.</summary>
    /// <returns>False at the end.</returns>
    public bool TryRead(out OrderRecord record)
    {
        while (!TryTake(out record))
        {
            (_start, _next) = (_start + _next, 0);
            _end = _files.Read(_handle, _buffer, _start);
            if (TryTake(out record))
                return true;
            // Bytes that are no record are passed over only when there is one behind them: at the end of the file it
            // could be one that is just being written, on a file system that shows it too early.
            if (!TrySkip())
                return false;
        }

        return true;
    }

    public void Dispose() => _handle.Dispose();

    private bool TryTake(out OrderRecord record)
    {
        if (!OrderRecord.TryRead(_buffer.AsSpan(_next.._end), out record))
            return false;
        LastOffset = _start + _next;
        _next += OrderRecord.Bytes;
        return true;
    }

    private bool TrySkip()
    {
        for (var next = 1; next + OrderRecord.Bytes <= _end; next++)
        {
            if (!OrderRecord.TryRead(_buffer.AsSpan(next.._end), out _))
                continue;
            Skip(next);
            return true;
        }

        if (_end < _buffer.Length)
            return false;
        Skip(_end - OrderRecord.Bytes + 1);
        return true;
    }

    private void Skip(int count)
    {
        SkippedBytes += count;
        _next = count;
    }
}
