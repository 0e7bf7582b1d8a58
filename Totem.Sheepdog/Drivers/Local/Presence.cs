using System.Buffers.Binary;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>
/// That a session exists, and how far it has read. It holds the reading end of a pipe with a name; the kernel closes it
/// when the process ends, however it ends, and tells whoever holds a writing end. No process number is involved, and
/// nobody ever writes into the pipe.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Presence : IDisposable
{
    private const int ReadsMax = 1000;

    private readonly IFileSystem _files;
    private readonly SafeFileHandle _pipe;
    private readonly SafeFileHandle _at;

    private Presence(IFileSystem files, SafeFileHandle pipe, SafeFileHandle at) =>
        (_files, _pipe, _at) = (files, pipe, at);

    /// <summary>The others have removed this session.</summary>
    public bool IsRemoved => _files.IsRemoved(_at);

    /// <summary>Makes it known. From its first moment under its name the pipe is open and the file complete.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static Presence Create(LocalDirectory directory, PeerId self, PeerStanding standing)
    {
        var files = directory.Files;
        SafeFileHandle? pipe = null;
        // Somebody who removes what killed processes have left behind may remove a pipe that is not open yet.
        for (var pipePath = directory.NewSessionPath(self, LocalDirectory.AlivePostfix); ; pipe?.Dispose())
        {
            files.MakePipe(pipePath);
            pipe = files.TryOpen(pipePath, LinuxFiles.ReadOnly | LinuxFiles.NonBlocking);
            if (pipe is not null && files.TryRename(pipePath, directory.SessionPath(self, LocalDirectory.AlivePostfix)))
                break;
        }

        SafeFileHandle? at = null;
        try
        {
            return Create(directory, self, standing, pipe, out at);
        }
        catch
        {
            // While the pipe is open the session seems to live.
            pipe.Dispose();
            at?.Dispose();
            throw;
        }
    }

    private static Presence Create(
        LocalDirectory directory, PeerId self, PeerStanding standing, SafeFileHandle pipe, out SafeFileHandle? at)
    {
        at = null;
        var files = directory.Files;
        var atPath = directory.NewSessionPath(self, LocalDirectory.AtPostfix);
        at = files.TryOpen(atPath, LinuxFiles.ReadWrite | LinuxFiles.Create)!;
        var presence = new Presence(files, pipe, at);
        presence.Publish(standing);
        if (files.TryRename(atPath, directory.SessionPath(self, LocalDirectory.AtPostfix)))
            return presence;
        throw new IOException($"{atPath} was removed");
    }

    /// <summary>Tells the others how far this session is.</summary>
    public void Publish(PeerStanding standing)
    {
        Span<byte> bytes = stackalloc byte[PeerStanding.Bytes];
        standing.Write(bytes);
        _files.Write(_at, bytes, 0);
    }

    /// <summary>From here on the others see that it is over.</summary>
    public void Dispose()
    {
        _pipe.Dispose();
        _at.Dispose();
    }

    /// <summary>A descriptor that reports an error as soon as a session has ended.</summary>
    /// <returns>Null when it has ended already.</returns>
    public static SafeFileHandle? TryWatch(LocalDirectory directory, PeerId peer) =>
        directory.Files.TryOpen(
            directory.SessionPath(peer, LocalDirectory.AlivePostfix), LinuxFiles.WriteOnly | LinuxFiles.NonBlocking);

    public static bool IsAlive(LocalDirectory directory, PeerId peer)
    {
        using var pipe = TryWatch(directory, peer);
        return pipe is not null;
    }

    /// <returns>Null when the session has been removed.</returns>
    public static PeerStanding? TryRead(LocalDirectory directory, PeerId peer)
    {
        using var at = directory.Files.TryOpen(
            directory.SessionPath(peer, LocalDirectory.AtPostfix), LinuxFiles.ReadOnly);
        Span<byte> bytes = stackalloc byte[PeerStanding.Bytes];
        // Reading beside its writer can give a mixture, whose checksum is wrong; the writer is only
        // one system call long at it.
        for (var attempt = 0; at is not null && attempt < ReadsMax; attempt++)
        {
            var count = directory.Files.Read(at, bytes, 0);
            if (PeerStanding.TryRead(bytes[..count], out var standing))
                return standing;
        }

        // Spoilt: it counts as far behind, and is expelled when others have gone on.
        return at is null ? null : default(PeerStanding);
    }
}

/// <summary>How far a session is.</summary>
/// <param name="Reads">The segment it reads; it needs this one and those behind it.</param>
/// <param name="Arrival">Where its request stands in the order; null while it does not know.</param>
internal readonly record struct PeerStanding(ulong Reads, LogPosition? Arrival)
{
    public const int Bytes = 28;

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Reads);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Arrival?.Segment ?? 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], Arrival?.Offset ?? 0);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], OrderRecord.CheckOf(bytes[..24]));
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, out PeerStanding standing)
    {
        standing = default;
        if (bytes.Length != Bytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]) != OrderRecord.CheckOf(bytes[..24]))
            return false;
        var segment = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        standing = new PeerStanding(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            segment == 0 ? null : new LogPosition(segment, BinaryPrimitives.ReadInt64LittleEndian(bytes[16..])));
        return true;
    }
}
