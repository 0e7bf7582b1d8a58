using System.Text.Json;

namespace Totem.Accord.Tests.Captures;

/// <summary>The kinds of lines of a recorded exchange.</summary>
internal enum CapturedKind
{
    /// <summary>The client sent it.</summary>
    Request,

    /// <summary>The server answered.</summary>
    Response,

    /// <summary>An event.</summary>
    Notification,

    /// <summary>The client ended the connection.</summary>
    End,
}

/// <summary>One line of a recorded exchange.</summary>
internal sealed record CapturedMessage(int Connection, CapturedKind Kind, byte[] Bytes)
{
    public static TheoryData<string> Names => ["io", "aio", "txn", "watch"];

    public static IReadOnlyList<CapturedMessage> Load(string name) =>
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Captures", name + ".jsonl")).Select(Parse)];

    /// <summary>True for a notice that a client came or went.</summary>
    public bool IsMembership => Kind == CapturedKind.Notification && Bytes[21] != 0;

    private static CapturedMessage Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        var kind = root.TryGetProperty("req", out _) ? CapturedKind.Request
            : root.TryGetProperty("rsp", out _) ? CapturedKind.Response
            : root.TryGetProperty("ntfy", out _) ? CapturedKind.Notification : CapturedKind.End;
        var bytes = kind == CapturedKind.End ? [] : Convert.FromHexString(root.GetProperty("bytes").GetString()!);
        return new CapturedMessage(root.GetProperty("conn").GetInt32(), kind, bytes);
    }
}
