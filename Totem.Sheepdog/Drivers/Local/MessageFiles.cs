using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The messages of one segment: a file for each sender, which only the sender writes, and before it has a
/// place in the order. So what a record points to is complete, and what a killed sender has left behind without a
/// record is nothing.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MessageFiles(LocalDirectory directory, ulong segment, PeerId self) : IDisposable
{
    private readonly Dictionary<PeerId, SafeFileHandle> _files = [];
    private SafeFileHandle? _own;
    private long _length;

    /// <summary>Puts an own message down.</summary>
    /// <returns>Where it lies.</returns>
    public uint Write(ReadOnlySpan<byte> message)
    {
        var offset = checked((uint)_length);
        if (message.IsEmpty)
            return offset;
        _own ??= directory.Files.TryOpen(directory.DataPath(segment, self), LinuxFiles.ReadWrite | LinuxFiles.Create)
            ?? throw new IOException($"{directory.Log} was removed");
        directory.Files.Write(_own, message, offset);
        _length += message.Length;
        return offset;
    }

    /// <summary>Reads another one's message.</summary>
    /// <returns>Null when it is not what its sender wrote.</returns>
    /// <exception cref="IOException">It is not there any more.</exception>
    public byte[]? Read(in OrderRecord record)
    {
        if (record.Length == 0)
            return [];
        if (!_files.TryGetValue(record.Sender, out var file))
        {
            var path = directory.DataPath(segment, record.Sender);
            file = directory.Files.TryOpen(path, LinuxFiles.ReadOnly)
                ?? throw new IOException($"{path} was removed: this session was left behind");
            _files.Add(record.Sender, file);
        }

        if (record.Length > directory.Files.LengthOf(file))
            return null;
        var message = new byte[record.Length];
        var count = 0;
        while (count < message.Length && directory.Files.Read(file, message.AsSpan(count), record.First + count) is > 0
            and var more)
            count += more;
        return count == message.Length && OrderRecord.CheckOf(message) == record.Second ? message : null;
    }

    public void Dispose()
    {
        _own?.Dispose();
        foreach (var file in _files.Values)
            file.Dispose();
    }
}
