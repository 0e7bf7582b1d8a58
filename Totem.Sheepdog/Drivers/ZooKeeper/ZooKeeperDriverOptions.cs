using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Platform.Programs;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The option string of the driver <c>zookeeper</c> says. Immutable.</summary>
internal sealed record ZooKeeperDriverOptions
{
    public const string Syntax =
        "expected HOST:PORT[,HOST:PORT...][/PATH] (an IPv6 address in brackets: [ADDRESS]:PORT)[,KEY=VALUE...] with "
        + "keys timeout=MILLISECONDS, clusterid=NAME (the same as /NAME), "
        + "publish-session=yes|no";

    public const string DefaultRoot = "/sheepdog";

    private const int TimeoutMillisecondsMax = 3_600_000;

    /// <summary>As the client library wants them.</summary>
    public string Hosts { get; private init; } = "";

    /// <summary>Where everything of the cluster lies.</summary>
    public string Root { get; private init; } = DefaultRoot;

    /// <summary>How long the servers keep a session of which they hear nothing; they may grant another one.</summary>
    public TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMilliseconds);

    public int TimeoutMilliseconds { get; private init; } = 30_000;

    /// <summary>Whether the member znode has the session's password, with which tools can end it.</summary>
    public bool PublishesSession { get; private init; } = true;

    /// <exception cref="ClusterDriverException">It says something else.</exception>
    public static ZooKeeperDriverOptions Parse(string? text)
    {
        var options = new ZooKeeperDriverOptions();
        var hosts = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in string.IsNullOrEmpty(text) ? [] : text.Split(','))
        {
            var slash = part.IndexOf('/', StringComparison.Ordinal);
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0 && (slash < 0 || equals < slash))
            {
                options = options.With(seen, part[..equals], part[(equals + 1)..]);
                continue;
            }

            if (seen.Count > 0)
                throw Wrong($"'{part}' is no KEY=VALUE");
            hosts.Add(Host(slash < 0 ? part : part[..slash]));
            if (slash < 0)
                continue;
            // With the key that some documents show: /clusterid=NAME.
            var path = part[(slash + 1)..];
            equals = path.IndexOf('=', StringComparison.Ordinal);
            options = equals < 0 ? options.With(seen, "clusterid", path)
                : options.With(seen, path[..equals], path[(equals + 1)..]);
        }

        return hosts.Count > 0 ? options with { Hosts = string.Join(',', hosts) } : throw Wrong("no servers");
    }

    private ZooKeeperDriverOptions With(HashSet<string> seen, string key, string value)
    {
        if (!seen.Add(key))
            throw Wrong(key == "clusterid" ? "the path stands twice" : $"'{key}' stands twice");
        return key switch
        {
            "timeout" => this with
            {
                TimeoutMilliseconds =
                    int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var timeout)
                        && timeout is > 0 and <= TimeoutMillisecondsMax
                        ? timeout
                        : throw Wrong($"timeout is '{value}', expected milliseconds from 1 to "
                            + $"{TimeoutMillisecondsMax}"),
            },
            "clusterid" => this with { Root = Path(value) },
            "publish-session" => this with
            {
                PublishesSession = value switch
                {
                    "yes" => true,
                    "no" => false,
                    _ => throw Wrong($"publish-session is '{value}', expected yes or no"),
                },
            },
            _ => throw Wrong($"there is no '{key}'{Suggestion.For(key, ["timeout", "clusterid", "publish-session"])}"),
        };
    }

    /// <summary>As the client library wants it: it takes the last colon for the port's and knows no
    /// brackets (ZOOKEEPER-3886).</summary>
    private static string Host(string text)
    {
        var colon = text.LastIndexOf(':');
        var isPort = int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= IPEndPoint.MaxPort;
        if (colon < 1 || !isPort || text.Any(char.IsWhiteSpace))
            throw Wrong($"'{text}' is no HOST:PORT");
        var host = text[..colon];
        if (host is ['[', .. var inner, ']'])
            host = IsVersion6(inner) ? inner : throw Wrong($"'{text}' has no IPv6 address in its brackets");
        else if (host.AsSpan().ContainsAny('[', ']'))
            throw Wrong($"'{text}' is no HOST:PORT and no [IPV6]:PORT");
        return host.Contains(':', StringComparison.Ordinal) && !IsVersion6(host)
            ? throw Wrong($"'{text}' is no HOST:PORT and no [IPV6]:PORT") : $"{host}:{text[(colon + 1)..]}";
    }

    private static bool IsVersion6(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>The paths that servers take.</summary>
    private static string Path(string text)
    {
        var parts = text.Trim('/').Split('/');
        return parts.All(x => x is not ("" or "." or "..") && !x.Any(char.IsControl))
            ? '/' + string.Join('/', parts)
            : throw Wrong($"'{text}' is no path");
    }

    private static ClusterDriverException Wrong(string problem) => new($"{problem}; {Syntax}");
}
