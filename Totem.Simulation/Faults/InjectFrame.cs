using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Simulation.Cluster;

namespace Totem.Simulation.Faults;

/// <summary>Frames that are well formed and that nobody in the cluster can have sent.</summary>
internal enum Forgery
{
    /// <summary>A join of a processor that nobody configured.</summary>
    OutsiderJoin,

    /// <summary>A merge detect of such a processor.</summary>
    OutsiderMergeDetect,

    /// <summary>A message of such a processor on its own ring.</summary>
    OutsiderMessage,

    /// <summary>A token of the receiver's ring whose seq lies far beyond every window.</summary>
    AbsurdTokenSeq,

    /// <summary>A token of the receiver's ring that says all have received what nobody has sent.</summary>
    AbsurdTokenAru,

    /// <summary>A message of the receiver's ring with a number far beyond every window.</summary>
    AbsurdMessageSeq,

    /// <summary>A join with a ring sequence that no cluster reaches.</summary>
    AbsurdRingSequence,

    /// <summary>A token of a ring that never was.</summary>
    ForeignToken,

    /// <summary>A commit token of a ring that never was, without the receiver.</summary>
    ForeignCommitToken,

    /// <summary>A hold cancel of a ring that never was.</summary>
    ForeignHoldCancel,
}

/// <summary>
/// Hands a processor frames that it must count and drop, with no change of state. Outsiders' frames need a configured
/// list of processors: without one, a stranger is welcome.
/// </summary>
internal sealed record InjectFrame(ProcessorId Node, Forgery What, int Count) : FaultAction
{
    private const int FrameBytes = 512;

    private static readonly ProcessorId Outsider = new(3_000_000_019);

    public override IEnumerable<ProcessorId> Nodes => [Node];

    protected override string Text => $"inject node={Node} what={What} count={Count}";

    public override void Apply(SimulatedCluster cluster)
    {
        var node = cluster[Node];
        Span<byte> frame = stackalloc byte[FrameBytes];
        for (var i = 0; i < Count; i++)
        {
            var writer = new WireWriter(frame);
            if (node.Engine?.Installed is { } installed
                && TryForge(ref writer, node, installed.Ring, installed.Members, i))
                node.OnArrival(cluster.Memory.Datagrams.Rent(frame[..writer.WrittenBytes]), node.Index);
        }
    }

    private bool TryForge(ref WireWriter writer, SimulatedProcessor node, RingId ring, ProcessorSet members, int turn)
    {
        var peer = members.SuccessorOf(node.Id);
        var outside = ProcessorSet.Of(Outsider);
        var foreign = new RingId(Outsider, ring.Sequence + 4);
        // Half of the absurd tokens are newer than any the ring has seen, so that nothing but their
        // numbers condemns them.
        var tokenSeq = new TokenSeq(unchecked((uint)(turn % 2 == 0 ? 1 << 30 : turn)));
        var far = node.Engine!.Options.FirstSeq + (1 << 24);
        switch (What)
        {
            case Forgery.OutsiderJoin:
                new JoinMessage(Header(FrameKind.Join, Outsider), Outsider, ring.Sequence, outside, ProcessorSet.Empty)
                    .Write(ref writer);
                return true;
            case Forgery.OutsiderMergeDetect:
                new MergeDetect(Header(FrameKind.MergeDetect, Outsider), Outsider, foreign).Write(ref writer);
                return true;
            case Forgery.OutsiderMessage:
                Message(Outsider, foreign, far).Write(ref writer);
                return true;
            case Forgery.AbsurdTokenSeq when peer != node.Id:
                Token(peer, ring, tokenSeq, far, far).Write(ref writer);
                return true;
            case Forgery.AbsurdTokenAru when peer != node.Id:
                Token(peer, ring, tokenSeq, node.Engine.Options.FirstSeq, far).Write(ref writer);
                return true;
            case Forgery.AbsurdMessageSeq when peer != node.Id:
                Message(peer, ring, far).Write(ref writer);
                return true;
            case Forgery.AbsurdRingSequence when peer != node.Id:
                new JoinMessage(
                    Header(FrameKind.Join, peer), peer, ring.Sequence + (1UL << 60), members, ProcessorSet.Empty)
                    .Write(ref writer);
                return true;
            case Forgery.ForeignToken:
                Token(Outsider, foreign, tokenSeq, far, far).Write(ref writer);
                return true;
            case Forgery.ForeignCommitToken:
                new CommitToken(
                    Header(FrameKind.CommitToken, Outsider), tokenSeq, foreign, 0, 0, outside, new CommitEntry[1])
                        .Write(ref writer);
                return true;
            case Forgery.ForeignHoldCancel:
                new HoldCancel(Header(FrameKind.HoldCancel, Outsider), foreign).Write(ref writer);
                return true;
            default:
                return false; // Alone on its ring: there is no peer to forge.
        }
    }

    private static FrameHeader Header(FrameKind kind, ProcessorId from) => new(kind, Encapsulation.None, from);

    private static RegularMessage Message(ProcessorId from, RingId ring, Seq seq) => new(
        new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, from), from, seq, 0, ring, 0, 0);

    private static RegularToken Token(ProcessorId from, RingId ring, TokenSeq tokenSeq, Seq seq, Seq aru) => new(
        Header(FrameKind.RegularToken, from), seq, tokenSeq, aru, ProcessorId.None, ring, 0, 0, 0, 0);
}
