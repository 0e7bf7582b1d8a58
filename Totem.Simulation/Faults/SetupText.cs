using System.Globalization;
using Totem.Core.Model;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Wire;

namespace Totem.Simulation.Faults;

/// <summary>How scripts write the make-up of a cluster: <c>seed</c>, <c>processors</c>, <c>network</c>, <c>options</c>,
/// <c>plain</c>, <c>stored</c>, <c>groups</c> and <c>knet</c> lines. Only what differs from
/// <see cref="ClusterSetup.FastOptions"/> is written.</summary>
internal static class SetupText
{
    private static readonly OptionEntry[] Entries =
    [
        new("token", x => ScriptText.Duration(x.TokenTimeout), (x, l) => x with { TokenTimeout = l.Duration("token") }),
        new("retransmit", x => ScriptText.Duration(x.TokenRetransmit),
            (x, l) => x with { TokenRetransmit = l.Duration("retransmit") }),
        new("hold", x => ScriptText.Duration(x.TokenHold), (x, l) => x with { TokenHold = l.Duration("hold") }),
        new("park", x => ScriptText.Duration(x.TokenPark), (x, l) => x with { TokenPark = l.Duration("park") }),
        new("idle-visits", x => Number(x.IdleVisitsBeforeHold),
            (x, l) => x with { IdleVisitsBeforeHold = l.Int("idle-visits", 1, 1000) }),
        new("join", x => ScriptText.Duration(x.JoinInterval), (x, l) => x with { JoinInterval = l.Duration("join") }),
        new("alone", x => ScriptText.Duration(x.AloneTimeout), (x, l) => x with { AloneTimeout = l.Duration("alone") }),
        new("consensus", x => ScriptText.Duration(x.ConsensusTimeout),
            (x, l) => x with { ConsensusTimeout = l.Duration("consensus") }),
        new("merge", x => ScriptText.Duration(x.MergeDetectInterval),
            (x, l) => x with { MergeDetectInterval = l.Duration("merge") }),
        new("fail-to-receive", x => ScriptText.Duration(x.FailToReceiveTimeout),
            (x, l) => x with { FailToReceiveTimeout = l.Duration("fail-to-receive") }),
        new("window", x => Number(x.WindowSize), (x, l) => x with { WindowSize = l.Int("window", 1, 1 << 20) }),
        new("per-visit", x => Number(x.MaxMessagesPerVisit),
            (x, l) => x with { MaxMessagesPerVisit = l.Int("per-visit", 1, 1 << 20) }),
        new("window-max", x => Number(x.MaxWindowSize),
            (x, l) => x with { MaxWindowSize = l.Int("window-max", 0, 4096) }),
        new("accelerated", x => Number(x.AcceleratedWindow),
            (x, l) => x with { AcceleratedWindow = l.Int("accelerated", 0, 1 << 20) }),
        new("mtu", x => Number(x.NetMtu), (x, l) => x with { NetMtu = l.Int("mtu", 576, 65_000) }),
        new("receive-window", x => Number(x.ReceiveWindow),
            (x, l) => x with { ReceiveWindow = l.Int("receive-window", 64, 1 << 20) }),
        new("receive-bytes", x => Number(x.MaxReceiveWindowBytes),
            (x, l) => x with { MaxReceiveWindowBytes = l.Int("receive-bytes", 1 << 20, int.MaxValue) }),
        new("queue-messages", x => Number(x.MaxSendQueueMessages),
            (x, l) => x with { MaxSendQueueMessages = l.Int("queue-messages", 1, 1 << 20) }),
        new("first-seq", x => Number(x.FirstSeq.Value),
            (x, l) => x with { FirstSeq = new Seq((uint)l.ULongOf("first-seq", l.Optional("first-seq")!)) }),
        new("allowed", x => x.Allowed is { } allowed ? ScriptText.Nodes(allowed) : "",
            (x, l) => x with { Allowed = l.Nodes("allowed") }),
        new("first-token-seq", x => Number(x.FirstTokenSeq.Value), (x, l) => x with
        {
            FirstTokenSeq = new TokenSeq((uint)l.ULongOf("first-token-seq", l.Optional("first-token-seq")!)),
        }),
    ];

    public static IEnumerable<string> Lines(ClusterSetup setup)
    {
        yield return $"seed {Number(setup.Seed)}";
        yield return $"processors {ScriptText.Nodes(setup.Processors)}";
        yield return $"network latency={ScriptText.Duration(setup.Latency)} jitter={ScriptText.Duration(setup.Jitter)}"
            + $" store={ScriptText.Duration(setup.StoreLatency)} unreachable={ScriptText.Rate(setup.UnreachableRate)}";
        var options = Entries
            .Where(x => x.Write(setup.Options) != x.Write(ClusterSetup.FastOptions))
            .Select(x => $" {x.Name}={x.Write(setup.Options)}");
        var line = string.Concat(options);
        if (line.Length > 0)
            yield return "options" + line;
        if (!setup.Plain.IsEmpty)
            yield return $"plain {ScriptText.Nodes(setup.Plain)}";
        if (!setup.Restless.IsEmpty)
            yield return $"restless {ScriptText.Nodes(setup.Restless)}";
        var stored = setup.Stored.Where(x => x.Value != 0).OrderBy(x => x.Key)
            .Select(x => $" {x.Key}={Number(x.Value)}");
        line = string.Concat(stored);
        if (line.Length > 0)
            yield return "stored" + line;
        if (setup.HasGroups)
            yield return "groups" + (setup.Foreign.IsEmpty ? "" : $" foreign={ScriptText.Nodes(setup.Foreign)}");
        if (setup.Knet is { } knet)
            yield return KnetText(knet);
    }

    /// <summary>Reads one line of a setup; null when its verb is not that of a setup.</summary>
    public static ClusterSetup? TryParse(ScriptLine line, ClusterSetup setup)
    {
        switch (line.Verb)
        {
            case "seed":
                return setup with { Seed = line.ULongOf("seed", line.Word("a number of up to 64 bits")) };
            case "processors":
                return setup with { Processors = [.. line.NodesOf(line.Word("processor ids like 1,2,3"))] };
            case "network":
                return setup with
                {
                    Latency = line.Duration("latency", setup.Latency),
                    Jitter = line.Duration("jitter", setup.Jitter),
                    StoreLatency = line.Duration("store", setup.StoreLatency),
                    UnreachableRate = line.Rate("unreachable", setup.UnreachableRate),
                };
            case "options":
                return setup with { Options = ParseOptions(line, setup.Options) };
            case "plain":
                return setup with { Plain = ProcessorSet.Of([.. line.NodesOf(line.Word("processor ids like 1,2"))]) };
            case "restless":
                return setup with { Restless =
                    ProcessorSet.Of([.. line.NodesOf(line.Word("processor ids like 1,2"))]) };
            case "stored":
                var stored = line.TakeAll().ToDictionary(
                    x => line.NodeOf("stored", x.Key), x => line.ULongOf(x.Key, x.Value));
                return setup with { Stored = stored };
            case "groups":
                return setup with { HasGroups = true, Foreign =
                    line.Has("foreign") ? line.Nodes("foreign") : ProcessorSet.Empty };
            case "knet":
                return setup with { Knet = ParseKnet(line) };
            default:
                return null;
        }
    }

    private static string KnetText(KnetClusterSetup knet) =>
        $"knet links={knet.Links} mode={knet.Mode} prefer={knet.Preferred} cipher={knet.Suite.Cipher} "
        + $"hash={knet.Suite.Hash} format={knet.Format}"
        + (knet.Libknet.IsEmpty ? "" : $" libknet={ScriptText.Nodes(knet.Libknet)}")
        + (knet.AeadOnly.IsEmpty ? "" : $" aead={ScriptText.Nodes(knet.AeadOnly)}")
        + (knet.LastSeq == 0 ? "" : $" last-seq={knet.LastSeq}")
        + (knet.FixedIpBytes == 0 ? "" : $" fixed-ip={knet.FixedIpBytes}")
        + (knet.Compresses ? " compress=1" : "")
        + (knet.IsIPv6 ? " ipv6=1" : "")
        + (knet.SteadyFrom is { } from ? $" steady-from={ScriptText.Duration(from)}" : "");

    private static KnetClusterSetup ParseKnet(ScriptLine line) => new()
    {
        Links = line.Int("links", 1, KnetFormat.LinkCountMax, otherwise: 2),
        Mode = line.Enum("mode", (LinkMode?)LinkMode.Passive),
        Preferred = line.Int("prefer", 0, KnetFormat.LinkCountMax - 1, otherwise: 0),
        Suite = ActionParser.SuiteOf(line),
        Format = line.Enum("format", (SpokenFormat?)SpokenFormat.Libknet),
        Libknet = line.Has("libknet") ? line.Nodes("libknet") : ProcessorSet.Empty,
        AeadOnly = line.Has("aead") ? line.Nodes("aead") : ProcessorSet.Empty,
        LastSeq = (ushort)line.Int("last-seq", 0, ushort.MaxValue, otherwise: 0),
        FixedIpBytes = line.Int("fixed-ip", 0, ushort.MaxValue, otherwise: 0),
        Compresses = line.Int("compress", 0, 1, otherwise: 0) == 1,
        IsIPv6 = line.Int("ipv6", 0, 1, otherwise: 0) == 1,
        SteadyFrom = line.Has("steady-from") ? line.Duration("steady-from") : null,
    };

    private static RingOptions ParseOptions(ScriptLine line, RingOptions options)
    {
        foreach (var entry in Entries)
        {
            if (line.Has(entry.Name))
                options = entry.Read(options, line);
        }

        // The owner of the options is not known here: anybody who is allowed will do.
        var problems = (options.Allowed is { } allowed ? options with { Self = allowed.Lowest } : options).Validate();
        return problems.Count == 0 ? options : throw line.Error(string.Join("; ", problems));
    }

    private static string Number<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private sealed record OptionEntry(
        string Name, Func<RingOptions, string> Write, Func<RingOptions, ScriptLine, RingOptions> Read);
}
