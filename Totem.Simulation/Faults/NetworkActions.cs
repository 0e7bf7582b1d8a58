using Totem.Core.Wire;
using Totem.Simulation.Cluster;
using Totem.Simulation.Network;

namespace Totem.Simulation.Faults;

/// <summary>Splits the network; who is in no piece is alone.</summary>
internal sealed record PartitionNetwork(IReadOnlyList<ProcessorSet> Pieces) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => Pieces.SelectMany(x => x);

    protected override string Text => "partition " + string.Join('|', Pieces.Select(x => ScriptText.Nodes(x)));

    public override void Apply(SimulatedCluster cluster)
    {
        Span<int> groups = stackalloc int[cluster.Nodes.Count];
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = Pieces.Count + i;
            for (var piece = 0; piece < Pieces.Count; piece++)
            {
                if (Pieces[piece].Contains(cluster.Nodes[i].Id))
                    groups[i] = piece;
            }
        }

        cluster.Network.Links.Partition(groups);
    }

    public bool Equals(PartitionNetwork? other) => other is not null && Pieces.SequenceEqual(other.Pieces);

    public override int GetHashCode() => Pieces.Count;
}

/// <summary>Ends every fault of the network: partitions, cuts, delays, noise, filters, faults of links.</summary>
internal sealed record HealNetwork : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [];

    protected override string Text => "heal";

    public override void Apply(SimulatedCluster cluster)
    {
        cluster.Network.Heal();
        cluster.Knet?.Paths.Heal();
    }
}

/// <summary>Cuts or mends a link, in one direction or in both.</summary>
internal sealed record CutLink(ProcessorId From, ProcessorId To, bool BothWays, bool Mend) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [From, To];

    protected override string Text => $"{(Mend ? "mend" : "cut")} {From}{(BothWays ? '-' : '>')}{To}";

    public override void Apply(SimulatedCluster cluster)
    {
        var (from, to) = (cluster.IndexOf(From), cluster.IndexOf(To));
        cluster.Network.Links.SetCut(from, to, !Mend);
        if (BothWays)
            cluster.Network.Links.SetCut(to, from, !Mend);
    }
}

/// <summary>A fault of one or all links; nobody stands for everybody.</summary>
internal abstract record LinkFault(ProcessorId From, ProcessorId To) : FaultAction
{
    public sealed override IEnumerable<ProcessorId> Nodes => [From, To];

    /// <summary>The two ends, as scripts write them.</summary>
    protected string Ends => $"from={ScriptText.Node(From)} to={ScriptText.Node(To)}";

    /// <summary>Does it to one direction of one link.</summary>
    protected abstract void ApplyTo(SimulatedCluster cluster, int from, int to);

    public sealed override void Apply(SimulatedCluster cluster)
    {
        for (var from = 0; from < cluster.Nodes.Count; from++)
        {
            for (var to = 0; to < cluster.Nodes.Count; to++)
            {
                if (from != to && Matches(From, cluster.Nodes[from].Id) && Matches(To, cluster.Nodes[to].Id))
                    ApplyTo(cluster, from, to);
            }
        }
    }

    private static bool Matches(ProcessorId wanted, ProcessorId id) => wanted.IsNone || wanted == id;
}

/// <summary>Loses datagrams on a link by chance.</summary>
internal sealed record LoseOnLink(ProcessorId From, ProcessorId To, double Rate) : LinkFault(From, To)
{
    protected override string Text => $"loss {Ends} rate={ScriptText.Rate(Rate)}";

    protected override void ApplyTo(SimulatedCluster cluster, int from, int to) =>
        cluster.Network.Links.SetLossRate(from, to, Rate);
}

/// <summary>Makes a link slower.</summary>
internal sealed record DelayLink(ProcessorId From, ProcessorId To, TimeSpan Added) : LinkFault(From, To)
{
    protected override string Text => $"delay {Ends} add={ScriptText.Duration(Added)}";

    protected override void ApplyTo(SimulatedCluster cluster, int from, int to) =>
        cluster.Network.Links.SetAddedDelay(from, to, Added.Ticks);
}

/// <summary>Loses everything on a link for a while: a burst.</summary>
internal sealed record DarkenLink(ProcessorId From, ProcessorId To, TimeSpan For) : LinkFault(From, To)
{
    protected override string Text => $"blackout {Ends} for={ScriptText.Duration(For)}";

    protected override void ApplyTo(SimulatedCluster cluster, int from, int to) =>
        cluster.Network.Links.Darken(from, to, cluster.NowTicks + For.Ticks);
}

/// <summary>Sets what happens to datagrams on all links by chance; what is not named ends.</summary>
internal sealed record SetNoise(NetworkNoise Noise) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [];

    protected override string Text
    {
        get
        {
            var text = "noise"
                + Part("loss", Noise.LossRate)
                + Part("duplicate", Noise.DuplicateRate)
                + Part("reorder", Noise.ReorderRate)
                + Part("corrupt", Noise.CorruptRate)
                + Part("token-loss", Noise.TokenLossRate)
                + Part("big-loss", Noise.BigLossRate);
            if (Noise.DuplicateRate > 0)
                text += $" replay={ScriptText.Duration(Noise.ReplayMax)}";
            if (Noise.ReorderRate > 0)
                text += $" hold-back={ScriptText.Duration(Noise.ReorderMax)}";
            return Noise.BigLossRate > 0 ? text + $" big={Noise.BigBytes}" : text;
        }
    }

    public override void Apply(SimulatedCluster cluster) => cluster.Network.Noise = Noise;

    private static string Part(string name, double rate) => rate > 0 ? $" {name}={ScriptText.Rate(rate)}" : "";
}

/// <summary>Drops the next datagrams of a kind, after letting some pass; no kind means every kind.</summary>
internal sealed record DropFrames(FrameKind? Kind, ProcessorId From, ProcessorId To, int Skip, int Count) : FaultAction
{
    public override IEnumerable<ProcessorId> Nodes => [From, To];

    protected override string Text => $"drop {(Kind is { } kind ? FrameKindNames.NameOf(kind) : "any")}"
        + $" from={ScriptText.Node(From)} to={ScriptText.Node(To)}" + (Skip > 0 ? $" skip={Skip}" : "")
        + $" count={Count}";

    public override void Apply(SimulatedCluster cluster) => cluster.Network.AddFilter(new FrameFilter(
        Kind,
        From.IsNone ? FrameFilter.Anyone : cluster.IndexOf(From),
        To.IsNone ? FrameFilter.Anyone : cluster.IndexOf(To),
        Skip,
        Count));
}

/// <summary>The short names of frames in scripts and transcripts.</summary>
internal static class FrameKindNames
{
    private static readonly string[] Names =
        ["token", "message", "merge-detect", "join", "commit-token", "hold-cancel", "token-loan"];

    public static string NameOf(FrameKind kind) => Names[(int)kind];

    public static bool TryParse(string name, out FrameKind? kind)
    {
        var index = Array.IndexOf(Names, name);
        kind = index < 0 ? null : (FrameKind)index;
        return index >= 0 || name == "any";
    }

    public static string Expected { get; } = string.Join(", ", Names) + " or any";
}
