using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Totem.Sheepdog.Drivers.ZooKeeper;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The requests of one client, as they lie on the wire, as lines: writes in their order, and which reads there
/// were. How often something is read depends on how fast answers come, so that is not said.</summary>
internal sealed partial class ClientFrames
{
    private readonly byte[] _bytes;
    private readonly string _root;
    private readonly List<string> _sessions = [];
    private readonly List<string> _writes = [];
    private readonly SortedSet<string> _reads = new(StringComparer.Ordinal);
    private int _at;

    public ClientFrames(byte[] bytes, string root)
    {
        (_bytes, _root) = (bytes, root);
        // The first frame asks for the session.
        for (var isFirst = true; bytes.Length - _at >= sizeof(int); isFirst = false)
        {
            var end = Number() + _at;
            if (end > bytes.Length)
                break;
            if (!isFirst)
                Request();
            _at = end;
        }
    }

    public IEnumerable<string> Lines => [.. _writes, "reads:", .. _reads];

    private void Request()
    {
        _at += sizeof(int);
        switch (Number())
        {
            case 3:
                _reads.Add($"  exists {Place(Text())}{(_bytes[_at] != 0 ? ", watched" : "")}");
                break;
            case 4:
                _reads.Add($"  get {Place(Text())}{(_bytes[_at] != 0 ? ", watched" : "")}");
                break;
            case 8 or 12:
                _reads.Add($"  list {Place(Text())}");
                break;
            case 9:
                _reads.Add($"  sync {Place(Text())}");
                break;
            case 14:
                Transaction();
                break;
            case 11 or -11:
                break; // The library's own: a ping, and the end.
            case var kind:
                _writes.Add($"request {kind}");
                break;
        }
    }

    private void Transaction()
    {
        var parts = new List<string>();
        for (var kind = Header(); kind != -1; kind = Header())
        {
            var path = Text();
            parts.Add(kind switch
            {
                1 => Create(path),
                2 => $"delete {Name(path)} {Version()}",
                5 => $"set {Name(path)} to {Content(path, Data())} {Version()}",
                _ => $"part {kind}",
            });
        }

        _writes.Add(string.Join("; ", parts));
    }

    private int Header()
    {
        var kind = Number();
        _at += 1 + sizeof(int);
        return kind;
    }

    private string Create(string path)
    {
        var content = Content(path, Data());
        for (var count = Number(); count > 0; count--)
        {
            Number();
            Text();
            Text();
        }

        var kind = Number() switch { 0 => "", 1 => " ephemeral", 2 => " numbered", _ => " otherwise" };
        return $"create {Name(path)} of {content}{kind}";
    }

    private string Version() => string.Create(CultureInfo.InvariantCulture, $"at {Number()}");

    private int Number()
    {
        _at += sizeof(int);
        return BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(_at - sizeof(int)));
    }

    private ReadOnlyMemory<byte> Data()
    {
        var length = Math.Max(0, Number());
        _at += length;
        return _bytes.AsMemory(_at - length, length);
    }

    private string Text() => Encoding.UTF8.GetString(Data().Span);

    private string Content(string path, ReadOnlyMemory<byte> data)
    {
        if (path.StartsWith(_root + "/queue_pos/", StringComparison.Ordinal))
            return $"'{SessionMark.Decode(data.Span)}'";
        return path == _root + "/queue/" && LogEntry.TryDecode(data) is { } entry
            ? $"{entry.Kind} of {Session($"{entry.Peer.Seat:x8}{entry.Peer.Instance:x8}")}, number {entry.Number}, "
                + $"{entry.ChunkCount} chunks, "
                + $"{Convert.ToHexString(entry.Message.Span[..Math.Min(1, entry.Message.Length)])}, "
                + $"{entry.Message.Length} bytes"
            : $"{data.Length} bytes";
    }

    private string Name(string path) =>
        SessionName().Replace(path.StartsWith(_root, StringComparison.Ordinal) ? "ROOT" + path[_root.Length..] : path,
            x => Session(x.Value));

    /// <summary>Any of its kind.</summary>
    private string Place(string path) =>
        EntryNumber().Replace(SessionName()
            .Replace(Name(path).Replace("SELF", "SESSION", StringComparison.Ordinal), "SESSION"), "NUMBER");

    private string Session(string name)
    {
        if (!_sessions.Contains(name))
            _sessions.Add(name);
        var index = _sessions.IndexOf(name);
        return index == 0 ? "SELF" : string.Create(CultureInfo.InvariantCulture, $"SESSION{index}");
    }

    [GeneratedRegex("[0-9a-f]{16}|SESSION[0-9]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SessionName();

    [GeneratedRegex("[0-9]{10}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EntryNumber();
}
