using System.Diagnostics.CodeAnalysis;

namespace Totem.Bench.Processes;

/// <summary>The measured engine.</summary>
internal enum EngineKind
{
    /// <summary>Ours.</summary>
    Totem,

    /// <summary>Real corosync daemons.</summary>
    Corosync,

    /// <summary>A real daemon at the first node, ours at the others.</summary>
    Mixed,

    /// <summary>Ours through its libcpg, by a program that knows corosync's only.</summary>
    LibCpg,

    /// <summary>A limit of the kernel.</summary>
    Limit,

    /// <summary>A real ZooKeeper server.</summary>
    ZooKeeper,
}

/// <summary>
/// An engine as it stands on the command line: <c>NAME[@DIR][:SETTING=VALUE]...</c>. A directory names another build of
/// this program whose nodes are used, so that two versions of ours alternate in one command.
/// </summary>
/// <param name="Text">The whole.</param>
/// <param name="Kind">Which sort.</param>
/// <param name="Name">The name alone.</param>
/// <param name="Directory">Another build; null for this one.</param>
/// <param name="Settings"><c>Name=Value</c>: options of ours, or lines of corosync's section totem.</param>
internal sealed record EngineSpec(
    string Text, EngineKind Kind, string Name, string? Directory, IReadOnlyList<string> Settings)
{
    /// <summary>Ours.</summary>
    public const string Totem = "totem";

    /// <summary>Stands for a directory: this program, whose code is compiled while it runs, where
    /// the others' nodes are native code.</summary>
    public const string ThisProgram = "jit";

    /// <summary>A queue of sequential znodes.</summary>
    public const string ZooKeeper = "zookeeper";

    /// <summary>The limit of a token that everybody waits for.</summary>
    public const string Token = "limit-token";

    /// <summary>The limit of a token that everybody polls for.</summary>
    public const string BusyToken = "limit-token-busy";

    /// <summary>The limit of one datagram to each of the others.</summary>
    public const string Hop = "limit-hop";

    /// <summary>The length of the datagrams of a fan-out; those of a token are as short as a token.</summary>
    public const int LimitBytes = 1400;

    /// <summary>A ring of both: what is measured is the daemon's client, which is the first node.</summary>
    public const string Mixed = "mixed-udpu";

    /// <summary>Ours in place of corosync's libcpg.</summary>
    public const string LibCpg = "totem-libcpg";

    private const string CorosyncPrefix = "corosync-";
    private const string LimitPrefix = "limit-";

    private static readonly string[] CorosyncTransports = ["udpu", "udp", "knet"];
    private static readonly string[] LimitModes = ["token", "token-busy", "hop", "fanout", "fanout-mmsg", "fanout-gso"];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names =>
        [Totem, LibCpg, Mixed, .. CorosyncTransports.Select(x => CorosyncPrefix + x), ZooKeeper, .. Limits];

    /// <summary>The names of the limits.</summary>
    public static IReadOnlyList<string> Limits => [.. LimitModes.Select(x => LimitPrefix + x)];

    /// <summary>corosync's transport.</summary>
    public string Transport => Kind == EngineKind.Corosync ? Name[CorosyncPrefix.Length..] : "udpu";

    /// <summary>Whether a real daemon is at this node.</summary>
    public bool HasDaemonAt(uint node) => Kind == EngineKind.Corosync || (Kind == EngineKind.Mixed && node == 1);

    /// <summary>Which limit.</summary>
    public string LimitMode => Name[LimitPrefix.Length..];

    /// <summary>Reads one engine.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out EngineSpec? engine)
    {
        var parts = text.Split(':');
        var place = parts[0].Split('@', 2);
        var name = place[0];
        engine = Names.Contains(name, StringComparer.Ordinal)
            ? new EngineSpec(text, KindOf(name), name, place.Length == 2 ? place[1] : null, parts[1..])
            : null;
        return engine is not null;
    }

    /// <summary>An engine that is known.</summary>
    public static EngineSpec Parse(string text)
        => TryParse(text, out var engine) ? engine
            : throw new ArgumentException($"'{text}' is no engine", nameof(text));

    private static EngineKind KindOf(string name)
        => name.StartsWith(CorosyncPrefix, StringComparison.Ordinal) ? EngineKind.Corosync
            : name.StartsWith(LimitPrefix, StringComparison.Ordinal) ? EngineKind.Limit
            : name == Mixed ? EngineKind.Mixed
            : name == LibCpg ? EngineKind.LibCpg
            : name == ZooKeeper ? EngineKind.ZooKeeper
            : EngineKind.Totem;
}
