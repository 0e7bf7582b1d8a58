using Totem.Core.Model;
using Totem.Simulation.Cluster;
using Totem.Simulation.Knet;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Crypto;

namespace Totem.Simulation.Faults;

/// <summary>Something that only a cluster on kronosnet can do.</summary>
internal interface IKnetAction
{
    /// <summary>The highest link that it names.</summary>
    int Link { get; }
}

/// <summary>Cuts or mends one link of a pair, in one direction or in both.</summary>
internal sealed record CutPath(ProcessorId From, ProcessorId To, int Link, bool BothWays, bool Mend)
    : FaultAction, IKnetAction
{
    public override IEnumerable<ProcessorId> Nodes => [From, To];

    protected override string Text => $"{(Mend ? "mend" : "cut")}-link {From}{(BothWays ? '-' : '>')}{To} link={Link}";

    public override void Apply(SimulatedCluster cluster)
    {
        var (from, to) = (cluster.IndexOf(From), cluster.IndexOf(To));
        cluster.Knet!.Paths[from, to, Link].IsCut = !Mend;
        if (BothWays)
            cluster.Knet.Paths[to, from, Link].IsCut = !Mend;
    }
}

/// <summary>A fault of a link in one direction, between two or all; nobody stands for everybody.</summary>
internal abstract record PathFault(ProcessorId From, ProcessorId To, int Link) : LinkFault(From, To), IKnetAction
{
    protected string Place => $"{Ends} link={Link}";

    protected abstract void ApplyTo(PathState path);

    protected sealed override void ApplyTo(SimulatedCluster cluster, int from, int to) =>
        ApplyTo(cluster.Knet!.Paths[from, to, Link]);
}

/// <summary>Loses, copies and breaks packets on a link by chance; what is not named ends.</summary>
internal sealed record DisturbPath(
    ProcessorId From, ProcessorId To, int Link, double Loss, double Duplicates, double Corruption)
    : PathFault(From, To, Link)
{
    protected override string Text =>
        $"disturb-link {Place}" + Part("loss", Loss) + Part("duplicate", Duplicates) + Part("corrupt", Corruption);

    protected override void ApplyTo(PathState path) =>
        (path.LossRate, path.DuplicateRate, path.CorruptRate) = (Loss, Duplicates, Corruption);

    private static string Part(string name, double rate) => rate > 0 ? $" {name}={ScriptText.Rate(rate)}" : "";
}

/// <summary>Makes a link slower, so that packets on another overtake its own.</summary>
internal sealed record DelayPath(ProcessorId From, ProcessorId To, int Link, TimeSpan Added, TimeSpan Jitter)
    : PathFault(From, To, Link)
{
    protected override string Text =>
        $"slow-link {Place} add={ScriptText.Duration(Added)} jitter={ScriptText.Duration(Jitter)}";

    protected override void ApplyTo(PathState path) => (path.AddedDelay, path.Jitter) = (Added.Ticks, Jitter.Ticks);
}

/// <summary>Changes the largest packet that a link carries: a path drops larger ones without a word, an interface
/// refuses them.</summary>
internal sealed record NarrowPath(ProcessorId From, ProcessorId To, int Link, int IpBytes, bool IsSilent)
    : PathFault(From, To, Link)
{
    protected override string Text => $"{(IsSilent ? "narrow-path" : "narrow-interface")} {Place} ip={IpBytes}";

    protected override void ApplyTo(PathState path) =>
        (path.IpBytes, path.InterfaceIpBytes) =
            (IpBytes, IsSilent ? Math.Max(KnetClusterSetup.IpBytes, IpBytes) : IpBytes);
}

/// <summary>A reload at one member: it has these links from now on.</summary>
internal sealed record UseLinks(ProcessorId Node, IReadOnlyList<int> Links) : FaultAction, IKnetAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    public int Link => Links.Max();

    protected override string Text => $"use-links node={Node} links={string.Join(',', Links)}";

    public override void Apply(SimulatedCluster cluster) => cluster[Node].UseLinks(Links);

    public bool Equals(UseLinks? other) => other is not null && Node == other.Node && Links.SequenceEqual(other.Links);

    public override int GetHashCode() => Links.Count;
}

/// <summary>An administrator puts a new key file on all hosts, and a member tells the ring to read it.</summary>
internal sealed record ChangeKeys(ProcessorId Node, CipherSuite Suite) : FaultAction, IKnetAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node];

    public int Link => 0;

    protected override string Text => $"rekey node={Node} cipher={Suite.Cipher} hash={Suite.Hash}";

    public override void Apply(SimulatedCluster cluster) =>
        cluster[Node].SubmitReload(cluster.Knet!.Keys.Add(Suite));
}

/// <summary>The packets that an attacker puts on the wire.</summary>
internal enum Attack
{
    /// <summary>Copies of the last 50 ms, to whom they went.</summary>
    Recent,

    /// <summary>Copies of any time and any life, to whom they went.</summary>
    Old,

    /// <summary>Copies of the last 50 ms that went to somebody else.</summary>
    Misdirected,

    /// <summary>Copies of any time with a byte that is another.</summary>
    Changed,

    /// <summary>Copies of any time, cut short.</summary>
    Cut,

    /// <summary>Made with the key of before the last change, at a member that has forgotten it.</summary>
    FormerKey,

    /// <summary>Made with a key that is nobody's.</summary>
    StrangeKey,

    /// <summary>Made without a key.</summary>
    Clear,
}

/// <summary>Somebody without the key sends packets to a member in the name of another.</summary>
internal sealed record AttackMember(ProcessorId Node, ProcessorId From, Attack What, int Count)
    : FaultAction, IKnetAction
{
    public override IEnumerable<ProcessorId> Nodes => [Node, From];

    public int Link => 0;

    protected override string Text => $"attack node={Node} from={From} what={What} count={Count}";

    public override void Apply(SimulatedCluster cluster)
    {
        if (cluster.Setup.Knet!.IsAuthentic && Node != From)
            new PacketAttack(cluster, cluster.IndexOf(Node), cluster.IndexOf(From)).Run(What, Count);
    }
}
