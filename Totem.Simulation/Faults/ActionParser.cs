using Totem.Core.Diagnostics;
using Totem.Simulation.Cluster;
using Totem.Simulation.Model;
using Totem.Simulation.Network;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Wire;

namespace Totem.Simulation.Faults;

/// <summary>Reads the text of actions.</summary>
internal static class ActionParser
{
    /// <summary>More submissions in one action are a typing error.</summary>
    private const int CountMax = 100_000;

    /// <summary>Reads one action.</summary>
    /// <exception cref="FormatException">It is not one; the message says where and what was expected.</exception>
    public static FaultAction Parse(string text, string where)
    {
        var line = new ScriptLine(text, where);
        var action = TryParse(line) ?? throw line.Error($"unknown command '{line.Verb}'");
        line.Finish();
        return action;
    }

    /// <summary>Null when the verb is not that of an action.</summary>
    public static FaultAction? TryParse(ScriptLine line) => line.Verb switch
    {
        "start" => new StartNode(line.Node("node")),
        "crash" => new CrashNode(line.Node("node")),
        "leave" => new LeaveNode(line.Node("node")),
        "crash-at" => ParseCrashAt(line),
        "pause" => new PauseNode(line.Node("node")),
        "resume" => new ResumeNode(line.Node("node")),
        "slow" => new SlowNode(
            line.Node("node"), line.Duration("datagram", TimeSpan.Zero), line.Duration("consume", TimeSpan.Zero),
            line.Duration("store", TimeSpan.Zero)),
        "reader" => new PaceReader(line.Node("node"), line.Duration("each", TimeSpan.Zero)),
        "stop-reader" => new StopReader(line.Node("node")),
        "submit" => ParseSubmit(line),
        "unreachable" => new ReportUnreachable(line.Node("node"), line.Node("peer")),
        "partition" => ParsePartition(line),
        "heal" => new HealNetwork(),
        "cut" => ParseCut(line, mend: false),
        "mend" => ParseCut(line, mend: true),
        "loss" => new LoseOnLink(line.NodeOrAll("from"), line.NodeOrAll("to"), line.Rate("rate")),
        "delay" => new DelayLink(line.NodeOrAll("from"), line.NodeOrAll("to"), line.Duration("add")),
        "blackout" => new DarkenLink(line.NodeOrAll("from"), line.NodeOrAll("to"), line.Duration("for")),
        "noise" => ParseNoise(line),
        "drop" => ParseDrop(line),
        "join-group" => new JoinGroup(line.Node("node"), GroupOf(line), PidOf(line)),
        "leave-group" => new LeaveGroup(line.Node("node"), GroupOf(line), PidOf(line)),
        "end-process" => new EndProcess(line.Node("node"), GroupOf(line), PidOf(line)),
        "send-group" => ParseSendToGroup(line),
        "cut-link" => ParseCutPath(line, mend: false),
        "mend-link" => ParseCutPath(line, mend: true),
        "disturb-link" => new DisturbPath(
            line.NodeOrAll("from"), line.NodeOrAll("to"), LinkOf(line), line.Rate("loss", 0), line.Rate("duplicate", 0),
            line.Rate("corrupt", 0)),
        "slow-link" => new DelayPath(
            line.NodeOrAll("from"), line.NodeOrAll("to"), LinkOf(line), line.Duration("add", TimeSpan.Zero),
            line.Duration("jitter", TimeSpan.Zero)),
        "narrow-path" => ParseNarrow(line, isSilent: true),
        "narrow-interface" => ParseNarrow(line, isSilent: false),
        "use-links" => new UseLinks(line.Node("node"), LinksOf(line)),
        "rekey" => new ChangeKeys(line.Node("node"), SuiteOf(line)),
        "attack" => new AttackMember(
            line.Node("node"), line.Node("from"), line.Enum<Attack>("what"), line.Int("count", 1, 1000, otherwise: 1)),
        "inject" => new InjectFrame(
            line.Node("node"), line.Enum<Forgery>("what"), line.Int("count", 1, CountMax, otherwise: 1)),
        _ => null,
    };

    private static CrashAt ParseCrashAt(ScriptLine line)
    {
        var point = line.Enum("point", (CrashPoint?)CrashPoint.AtOnce);
        return new CrashAt(
            line.Node("node"),
            line.Enum<RingEventKind>("event"),
            line.Int("nth", 1, CountMax, otherwise: 1),
            point,
            point == CrashPoint.Sent ? line.Int("sends", 0, CountMax) : 0);
    }

    private static SubmitMessages ParseSubmit(ScriptLine line)
    {
        var (low, high) = SizesOf(line);
        return new SubmitMessages(
            line.Node("node"),
            line.Int("count", 0, CountMax, otherwise: 1),
            low,
            high,
            line.Enum("guarantee", (SubmitGuarantee?)SubmitGuarantee.Agreed));
    }

    private static SendToGroup ParseSendToGroup(ScriptLine line)
    {
        var (low, high) = SizesOf(line);
        return new SendToGroup(
            line.Node("node"),
            GroupOf(line),
            PidOf(line),
            line.Int("count", 0, CountMax, otherwise: 1),
            low,
            high,
            line.Int("parts", 1, 100, otherwise: 1),
            line.Enum("guarantee", (SubmitGuarantee?)SubmitGuarantee.Agreed));
    }

    private static GroupName GroupOf(ScriptLine line) =>
        line.Optional("group") is { Length: > 0 and <= 32 } name ? new GroupName(name)
            : throw line.Error("expected group= with a name of 1 to 32 characters");

    private static uint PidOf(ScriptLine line) => (uint)line.Int("pid", 0, int.MaxValue);

    private static (int Low, int High) SizesOf(ScriptLine line)
    {
        if (line.Optional("size") is not { } size)
            return (16, 16);
        var ends = size.Split("..", 2);
        var (low, high) = (SizeOf(line, ends[0]), SizeOf(line, ends[^1]));
        return high < low ? throw line.Error($"size={size}, expected the smaller length first") : (low, high);
    }

    private static int SizeOf(ScriptLine line, string text)
    {
        var value = line.ULongOf("size", text);
        return value <= RingOptions.MaxMessageBytes
            ? (int)value
            : throw line.Error($"size={text}, expected at most {RingOptions.MaxMessageBytes}");
    }

    private static PartitionNetwork ParsePartition(ScriptLine line) =>
        new([.. line.Word("pieces like 1,2|3").Split('|').Select(line.NodesOf)]);

    private static CutLink ParseCut(ScriptLine line, bool mend)
    {
        var word = line.Word("a link like 1-2, or 1>2 for one direction");
        var isOneWay = word.Contains('>', StringComparison.Ordinal);
        var ends = word.Split(isOneWay ? '>' : '-');
        if (ends.Length != 2)
            throw line.Error($"'{word}', expected a link like 1-2, or 1>2 for one direction");
        return new CutLink(line.NodeOf("link", ends[0]), line.NodeOf("link", ends[1]), !isOneWay, mend);
    }

    private static CutPath ParseCutPath(ScriptLine line, bool mend)
    {
        var cut = ParseCut(line, mend);
        return new CutPath(cut.From, cut.To, LinkOf(line), cut.BothWays, mend);
    }

    private static NarrowPath ParseNarrow(ScriptLine line, bool isSilent) => new(
        line.NodeOrAll("from"), line.NodeOrAll("to"), LinkOf(line), line.Int("ip", 576, ushort.MaxValue), isSilent);

    private static int LinkOf(ScriptLine line) => line.Int("link", 0, KnetFormat.LinkCountMax - 1);

    private static int[] LinksOf(ScriptLine line)
    {
        var text = line.Optional("links") ?? "";
        int[] links = [.. text.Split(',').Select(x => x is [>= '0' and <= '7'] ? x[0] - '0' : -1)];
        return links.Distinct().Count() == links.Length && links.Min() >= 0
            ? links : throw line.Error($"links={text}, expected numbers from 0 to 7 like 0,2, each once");
    }

    public static CipherSuite SuiteOf(ScriptLine line)
    {
        var suite = new CipherSuite(line.Enum<KnetCipher>("cipher"), line.Enum<KnetHash>("hash"));
        return suite.IsValid ? suite : throw line.Error("a cipher without a hash, expected both or hash= alone");
    }

    private static SetNoise ParseNoise(ScriptLine line) => new(new NetworkNoise
    {
        LossRate = line.Rate("loss", 0),
        DuplicateRate = line.Rate("duplicate", 0),
        ReplayMax = line.Duration("replay", TimeSpan.Zero),
        ReorderRate = line.Rate("reorder", 0),
        ReorderMax = line.Duration("hold-back", TimeSpan.Zero),
        CorruptRate = line.Rate("corrupt", 0),
        TokenLossRate = line.Rate("token-loss", 0),
        BigLossRate = line.Rate("big-loss", 0),
        BigBytes = line.Int("big", 0, ushort.MaxValue, otherwise: 0),
    });

    private static DropFrames ParseDrop(ScriptLine line)
    {
        var word = line.Word(FrameKindNames.Expected);
        if (!FrameKindNames.TryParse(word, out var kind))
            throw line.Error($"'{word}', expected {FrameKindNames.Expected}");
        return new DropFrames(
            kind,
            line.NodeOrAll("from"),
            line.NodeOrAll("to"),
            line.Int("skip", 0, CountMax, otherwise: 0),
            line.Int("count", 1, CountMax, otherwise: 1));
    }
}
