using System.Buffers.Binary;
using System.Globalization;
using Totem.Core.Model;
using Totem.Transport.Udp.Internal;

namespace Totem.Transport.Udp.Storage;

/// <summary>
/// The ring sequence on stable storage: 8 bytes in native byte order in <c>ringid_&lt;node id&gt;</c>, corosync's own file, mode
/// 0600 (wire.md section 6.3). A ring id is unique only because this number survives every crash, so it is written
/// beside, flushed, renamed over the old file, and the directory is flushed. Used by one thread at a time.
/// </summary>
internal sealed class RingSequenceFile
{
    private readonly string _directory;
    private readonly string _path;
    private readonly string _temporaryPath;
    private readonly bool _survivesPowerLoss;

    /// <summary>Names the file; the directory is created when it does not exist.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="self">Whose it is.</param>
    /// <param name="survivesPowerLoss">False where the whole ring runs on this host: when the host dies nobody remembers its rings,
    /// so the number has to outlive only the process, which needs no flush; a flush may take longer than all the rest of a
    /// membership change.</param>
    /// <exception cref="IOException">The directory cannot be created.</exception>
    public RingSequenceFile(string directory, ProcessorId self, bool survivesPowerLoss = true)
    {
        _survivesPowerLoss = survivesPowerLoss;
        _directory = directory;
        _path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"ringid_{self.Value}"));
        _temporaryPath = _path + ".new";
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>What was stored last; 0 when there is no file.</summary>
    /// <exception cref="InvalidDataException">The file is not one of ours. Starting from 0 instead could repeat a ring id.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ulong Read()
    {
        // A write that did not finish before a crash: it was never acknowledged, so nothing depends on it.
        File.Delete(_temporaryPath);
        if (!File.Exists(_path))
            return 0;
        var bytes = File.ReadAllBytes(_path);
        if (bytes.Length != sizeof(ulong))
        {
            throw new InvalidDataException($"{_path} has {bytes.Length} bytes, expected 8: the ring sequence. If the ring was never "
                + "larger than this processor, delete the file; else write a number above every ring sequence seen.");
        }

        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>Returns when the number would survive a crash: of the host, or of this process if that is all that is asked for.</summary>
    /// <exception cref="IOException">It could not be stored; the old number is still there.</exception>
    public void Write(ulong ringSequence)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        if (!BitConverter.TryWriteBytes(bytes, ringSequence))
            throw new InvalidOperationException("8 bytes hold a ring sequence");
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(_temporaryPath, options))
        {
            stream.Write(bytes);
            stream.Flush(flushToDisk: _survivesPowerLoss);
        }

        File.Move(_temporaryPath, _path, overwrite: true);
        if (_survivesPowerLoss && OperatingSystem.IsLinux())
            LinuxFile.FlushDirectory(_directory);
    }
}
