using System.Globalization;
using System.Net;
using System.Text;
using Totem.Platform.Programs;
using Totem.Sheepdog.Sessions;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Embedding;

namespace Totem.Sheepdog.Drivers;

/// <summary>The option string of the drivers <c>totem</c> and <c>corosync</c> says: <c>KEY=VALUE[,KEY=VALUE…]</c>.
/// Immutable.</summary>
internal sealed record TotemDriverOptions
{
    public const string Syntax =
        "expected KEY=VALUE[,KEY=VALUE...] of config=FILE, node=ID, processes=COUNT, port=PORT, name=NAME, state=DIR, "
        + "group=NAME, "
        + "partition=majority|continue, quorum=COUNT, guarantee=safe|agreed, settle=MILLISECONDS";

    private static readonly string[] Keys =
        ["config", "node", "processes", "port", "name", "state", "group", "partition", "quorum", "guarantee", "settle"];

    public const string SystemConfiguration = "/etc/corosync/corosync.conf";

    /// <summary>Different from the C driver's, with which nothing is in common.</summary>
    private const string GroupPrefix = "totem.sheepdog/";

    /// <summary>Null for the loopback.</summary>
    public string? Config { get; private init; }

    public uint? Node { get; private init; }

    /// <summary>How many sheep a host can have with <see cref="Config"/>; all hosts must say the same.</summary>
    public int Processes { get; private init; } = UdpTransportOptions.LoopbackSlotCount;

    public int? Port { get; private init; }

    /// <summary>The loopback's ring: every sheep's, whatever program it is.</summary>
    public string RingName { get; private init; } = "sheepdog";

    public string? State { get; private init; }

    public string Cluster { get; private init; } = "default";

    public SessionOptions Session { get; private init; } = new() { WaitsUntilSettled = true };

    /// <summary>How long the ring must not have changed before the first sheep on it starts a cluster. Rings that form
    /// at once in several places find each other within it: on one host in milliseconds, on a network when they hear
    /// each other's merge detects.</summary>
    public TimeSpan Settle => TimeSpan.FromMilliseconds(SettleMilliseconds ?? (Config is null ? 300 : 2000));

    private int? SettleMilliseconds { get; init; }

    public Guarantee Guarantee { get; private init; } = Guarantee.Safe;

    public GroupName Group => new(GroupPrefix + Cluster);

    /// <exception cref="ClusterDriverException">It says something else.</exception>
    public static TotemDriverOptions Parse(string? text, bool readsSystemConfiguration)
    {
        var options = new TotemDriverOptions();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in string.IsNullOrEmpty(text) ? [] : text.Split(','))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
                throw Wrong($"'{part}' is no KEY=VALUE");
            var (key, value) = (part[..equals], part[(equals + 1)..]);
            if (!seen.Add(key))
                throw Wrong($"'{key}' stands twice");
            options = options.With(key, value);
        }

        if (options.Config is not null && options.Port is not null)
            throw Wrong("port beside config, which says the ports itself");
        if (options.Config is not null && seen.Contains("name"))
            throw Wrong("name beside config, whose nodes are one ring");
        if (options.Config is null && options.Port is null && readsSystemConfiguration
            && File.Exists(SystemConfiguration))
            options = options with { Config = SystemConfiguration };
        if (options.Config is null && seen.Contains("processes"))
            throw Wrong("processes without config: on the loopback each sheep takes a slot of its own");
        if (options.Config is null && options.Node > UdpTransportOptions.LoopbackSlotCount)
            throw Wrong($"node is '{options.Node}', expected 1 to {UdpTransportOptions.LoopbackSlotCount} without "
                + "config");
        return options;
    }

    /// <exception cref="ClusterDriverException">The configuration cannot be used.</exception>
    public TotemNodeOptions NodeOptions()
    {
        try
        {
            var self = Node is { } id ? new ProcessorId(id) : (ProcessorId?)null;
            return Config is { } file
                ? TotemNodeOptions.FromCorosyncConf(file, self, State)
                : TotemNodeOptions.Loopback(Port ?? UdpTransportOptions.DefaultPort, self, State, RingName);
        }
        catch (CorosyncConfException failure)
        {
            // Each line of it begins with the file.
            throw new ClusterDriverException(failure.Message, failure);
        }
        catch (Exception failure) when (FailureText.IsForeseen(failure))
        {
            if (Config is null)
                throw new ClusterDriverException(FailureText.Of(failure).TrimEnd('.'), failure);
            var text = $"config={FailureText.OfFile(Config, failure)}, expected a corosync.conf that can be read";
            throw new ClusterDriverException(text, new CorosyncConfException(text, failure));
        }
    }

    private TotemDriverOptions With(string key, string value) => key switch
    {
        "config" => this with { Config = Text(key, value) },
        "node" => this with { Node = (uint)Number(key, value, 1, uint.MaxValue) },
        "processes" => this with { Processes = (int)Number(key, value, 1, UdpTransportOptions.LoopbackSlotCount) },
        "port" =>
            this with { Port = (int)Number(key, value, 1, IPEndPoint.MaxPort - UdpTransportOptions.LoopbackSlotCount) },
        "name" => this with { RingName = RingNameOf(value) },
        "state" => this with { State = Text(key, value) },
        "group" => this with { Cluster = Name(value) },
        "partition" => this with
        {
            Session = Session with
            {
                Rule = value switch
                {
                    "majority" => PartitionRule.Majority,
                    "continue" => PartitionRule.Continue,
                    _ => throw Wrong($"partition is '{value}', expected majority or continue"),
                },
            },
        },
        "quorum" => this with { Session = Session with { Quorum = (int)Number(key, value, 1, ProcessorSet.MaxCount) } },
        "settle" => this with { SettleMilliseconds = (int)Number(key, value, 0, 3_600_000) },
        "guarantee" => this with
        {
            Guarantee = value switch
            {
                "safe" => Guarantee.Safe,
                "agreed" => Guarantee.Agreed,
                _ => throw Wrong($"guarantee is '{value}', expected safe or agreed"),
            },
        },
        _ => throw Wrong($"there is no '{key}'{Suggestion.For(key, Keys)}"),
    };

    private static string Text(string key, string value) =>
        value.Length > 0 ? value : throw Wrong($"{key} is empty, expected a path");

    private static string Name(string value)
    {
        var max = GroupName.MaxBytes - GroupPrefix.Length;
        return Encoding.UTF8.GetByteCount(value) is var count && count >= 1 && count <= max
            ? value
            : throw Wrong($"group has {count} bytes, expected 1 to {max}");
    }

    private static string RingNameOf(string value)
    {
        const int max = UdpTransportOptions.MaxLoopbackNameBytes;
        return Encoding.UTF8.GetByteCount(value) is var count && count >= 1 && count <= max
            ? value : throw Wrong($"name has {count} bytes, expected 1 to {max}");
    }

    private static long Number(string key, string value, long min, long max)
        => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min
            && number <= max
            ? number
            : throw Wrong($"{key} is '{value}', expected a number from {min} to {max}");

    private static ClusterDriverException Wrong(string problem) => new($"{problem}; {Syntax}");
}
