using System.Globalization;
using System.Runtime.Versioning;
using Totem.Platform.Files;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The files of a cluster: their names, and that nobody else can touch them.</summary>
/// <remarks>
/// <para><c>log/SEGMENT.order</c> and, for the messages, <c>log/SEGMENT.SENDER</c>; segments are numbered and never
/// begin anew, so that no name ever means two things. <c>sessions/SESSION.alive</c> and <c>sessions/SESSION.at</c>: see
/// <see cref="Presence"/>. A name that begins with <c>new.</c> is being made.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class LocalDirectory
{
    public const string NewPrefix = "new.";
    public const string AlivePostfix = ".alive";
    public const string AtPostfix = ".at";
    private const string OrderPostfix = ".order";

    private LocalDirectory(string path, IFileSystem files) =>
        (Files, Log, Sessions) = (files, Path.Combine(path, "log"), Path.Combine(path, "sessions"));

    /// <summary>The calls on them.</summary>
    public IFileSystem Files { get; }

    public string Log { get; }

    public string Sessions { get; }

    /// <summary>Makes the directory if it is missing.</summary>
    /// <exception cref="ClusterDriverException">It cannot be made, or somebody else could write in it.</exception>
    public static LocalDirectory Open(string path, IFileSystem files)
    {
        try
        {
            OwnDirectory.Make(path);
            var directory = new LocalDirectory(path, files);
            OwnDirectory.Make(directory.Log);
            OwnDirectory.Make(directory.Sessions);
            return directory;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ClusterDriverException($"the directory {path} cannot be made or used: "
                + $"{failure.Message}", failure);
        }
    }

    public string OrderPath(ulong segment) => Path.Combine(Log, Name(segment) + OrderPostfix);

    public string DataPath(ulong segment, PeerId sender) => Path.Combine(Log, $"{Name(segment)}.{Name(sender)}");

    public string SessionPath(PeerId peer, string postfix) => Path.Combine(Sessions, Name(peer) + postfix);

    public string NewSessionPath(PeerId peer, string postfix) =>
        Path.Combine(Sessions, NewPrefix + Name(peer) + postfix);

    /// <summary>The segments there are, in order.</summary>
    public ulong[] Segments() =>
        [.. Files.List(Log, "*" + OrderPostfix).Select(SegmentOf).OfType<ulong>().Order()];

    /// <summary>The sessions there are.</summary>
    public PeerId[] Peers() => [.. Files.List(Sessions, "*" + AtPostfix).Select(PeerOf).OfType<PeerId>()];

    /// <summary>Removes the segments that nobody reads any more.</summary>
    public void RemoveBefore(ulong segment)
    {
        foreach (var file in Files.List(Log))
        {
            if (SegmentOf(file) < segment)
                Files.Remove(file);
        }
    }

    /// <summary>Removes the files of a session that is gone.</summary>
    public void RemoveSession(PeerId peer)
    {
        Files.Remove(SessionPath(peer, AtPostfix));
        Files.Remove(SessionPath(peer, AlivePostfix));
    }

    /// <summary>Removes what processes have left behind that were killed while they made themselves known.</summary>
    public void RemoveUnfinished()
    {
        foreach (var file in Files.List(Sessions))
        {
            var name = Path.GetFileName(file);
            var isNew = name.StartsWith(NewPrefix, StringComparison.Ordinal);
            if (PeerOf(isNew ? name[NewPrefix.Length..] : name) is not { } peer || Presence.IsAlive(this, peer))
                continue;
            // A pipe before it has its name cannot be told from one that is not open yet; its owner makes another one.
            if (isNew || (name.EndsWith(AlivePostfix, StringComparison.Ordinal)
                && !Files.Exists(SessionPath(peer, AtPostfix))))
                Files.Remove(file);
        }
    }

    private static string Name(ulong segment) => segment.ToString("x16", CultureInfo.InvariantCulture);

    private static string Name(PeerId peer) => Name(((ulong)peer.Seat << 32) | peer.Instance);

    private static ulong? SegmentOf(string path) => Number(Path.GetFileName(path.AsSpan()));

    private static PeerId? PeerOf(string path) =>
        Number(Path.GetFileName(path.AsSpan())) is { } number ? new PeerId((uint)(number >> 32), (uint)number) : null;

    /// <summary>The number that a name begins with.</summary>
    private static ulong? Number(ReadOnlySpan<char> name) =>
        name.IndexOf('.') == 16
            && ulong.TryParse(name[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            ? number : null;
}
