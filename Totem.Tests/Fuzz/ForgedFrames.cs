using Totem.Core.Model;
using Totem.Core.Recovery;
using Totem.Core.Wire;
using Totem.Tests.Core;
using Totem.Tests.Core.Wire;

namespace Totem.Tests.Fuzz;

/// <summary>
/// Draws well-formed frames of every kind with contents that an attacker would choose: lists as long as they may be,
/// names of members and of nobody, numbers near and far, rings that are, were and never will be.
/// </summary>
internal sealed class ForgedFrames(ulong seed, RingId ring, RingId previous, TokenFrame? token)
{
    private static readonly ProcessorId[] Names = [new(1), new(3), new(3), new(2), new(9), new(77_777)];

    private ulong _random = seed * 0x9E37_79B9_7F4A_7C15 + 1;

    public AnyFrame Next() => Random(10) switch
    {
        0 or 1 or 2 => Join(isFarewell: false),
        3 => Join(isFarewell: true),
        4 => Merge(),
        5 when token is not null => Token(token),
        6 => Commit(),
        7 => Cancel(),
        8 => Loan(),
        _ => Message(),
    };

    public int Random(int bound)
    {
        _random = unchecked(_random * 6364136223846793005 + 1442695040888963407);
        return (int)((_random >> 33) % (ulong)bound);
    }

    private JoinFrame Join(bool isFarewell)
    {
        var sender = Name();
        return new JoinFrame(new JoinMessage(
            Header(FrameKind.Join, isFarewell ? ProcessorId.None : sender), sender, Sequence(), Set(), Set())
        {
            Trailer = Random(2) == 0 ? null : new JoinTrailer(Set(), Links(), Set()),
        });
    }

    private MergeFrame Merge()
    {
        var sender = Name();
        return new MergeFrame(
            new MergeDetect(Header(FrameKind.MergeDetect, sender), sender, Ring()),
            Random(2) == 0 ? null : new MergeTrailer(Set(), Links()));
    }

    private TokenFrame Token(TokenFrame known) => known with
    {
        Token = known.Token with
        {
            TokenSeq = new TokenSeq(known.Token.TokenSeq.Value + (uint)Random(4)),
            Seq = known.Token.Seq + Random(40),
            Aru = known.Token.Aru + Random(40) - 10,
            AruSetter = Random(2) == 0 ? known.Token.AruSetter : Name(),
            FlowControlCount = Random(2) == 0 ? known.Token.FlowControlCount : (uint)Random(int.MaxValue),
            Backlog = Random(2) == 0 ? known.Token.Backlog : (uint)Random(int.MaxValue),
            RetransFlag = (uint)Random(3),
        },
    };

    private MessageFrame Message()
    {
        var sender = Name();
        var encapsulation = Random(2) == 0 ? Encapsulation.Regular : Encapsulation.Encapsulated;
        var body = new byte[Random(2) == 0 ? Random(60) : RecoveryNote.BytesMax];
        if (body.Length == RecoveryNote.BytesMax)
        {
            var writer = new WireWriter(body);
            new RecoveryNote(Ring(), Set()).Write(ref writer, sender);
            body = body[..writer.WrittenBytes];
        }

        var seq = (token?.Token.Seq ?? new Seq(0)) + Random(2000) - 500;
        return new MessageFrame(new RegularMessage(
            new FrameHeader(FrameKind.RegularMessage, encapsulation, sender), Name(), seq, 0, Ring(), 0,
            (uint)Random(2)), body);
    }

    private CommitFrame Commit()
    {
        var drawn = Set();
        var members = Random(2) == 0 || drawn.Count == ProcessorSet.MaxCount ? StoppedProcessor.Members
            : drawn.With(StoppedProcessor.Self);
        var entries = new CommitEntry[members.Count];
        var filled = Random(2) == 0 ? members.IndexOf(StoppedProcessor.Self) : members.Count;
        for (var i = 0; i < filled; i++)
            entries[i] = new CommitEntry(
                Ring(), new Seq((uint)Random(2000)), new Seq((uint)Random(int.MaxValue)), Random(2) == 0);
        return new CommitFrame(new CommitToken(
            Header(FrameKind.CommitToken, Name()), new TokenSeq((uint)Random(4)), new RingId(Name(), Sequence()), 0,
            filled, members, entries));
    }

    private HoldCancelFrame Cancel() => new(new HoldCancel(Header(FrameKind.HoldCancel, Name()), Ring()));

    private LoanFrame Loan() => new(new TokenLoan(
        Header(FrameKind.TokenLoan, Name()), Ring(),
        new TokenSeq((token?.Token.TokenSeq.Value ?? 0) + (uint)Random(6) - 2), (uint)Random(3),
        (token?.Token.Seq ?? new Seq(0)) + Random(40), Random(2) == 0 ? (uint)Random(20) : (uint)Random(int.MaxValue),
        Random(2) == 0, Random(2) == 0));

    private ProcessorId Name() => Names[Random(Names.Length)];

    private RingId Ring() => Random(4) switch
    {
        0 or 1 => ring,
        2 => previous,
        _ => new RingId(Name(), Sequence()),
    };

    private ulong Sequence() => unchecked(Random(6) switch
    {
        0 => ring.Sequence + 4,
        1 => ring.Sequence + (1ul << 47),
        2 => ring.Sequence + (1ul << 48) + (ulong)Random(1000),
        3 => ring.Sequence - 4,
        _ => ring.Sequence,
    });

    private ProcessorSet Set()
    {
        var members = Random(2) == 0 ? StoppedProcessor.Members.ToArray() : [];
        var strangers = Random(5) switch { 0 => ProcessorSet.MaxCount - members.Length,
            1 => Random(ProcessorSet.MaxCount - 3), 2 => 1, _ => 0 };
        var first = (uint)(1000 * (1 + Random(6)));
        return ProcessorSet.Of([.. members, .. Enumerable.Range(0, strangers)
            .Select(x => new ProcessorId(first + (uint)x)), .. One(members, strangers)]);
    }

    private ProcessorId[] One(ProcessorId[] members, int strangers) =>
        members.Length + strangers < ProcessorSet.MaxCount && Random(2) == 0 ? [Name()] : [];

    private BrokenLink[] Links()
    {
        var links = new BrokenLink[Random(3) == 0 ? BrokenLinkList.CountMax : Random(4)];
        for (var i = 0; i < links.Length; i++)
        {
            var listener = Random(2) == 0 ? Name() : new ProcessorId((uint)(1000 + Random(3000)));
            var speaker = Random(2) == 0 ? Name() : new ProcessorId((uint)(5000 + Random(3000)));
            links[i] = new BrokenLink(listener, speaker == listener ? new ProcessorId(4999) : speaker);
        }

        return links;
    }

    private static FrameHeader Header(FrameKind kind, ProcessorId node) => new(kind, Encapsulation.None, node);
}
