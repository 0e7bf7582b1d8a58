using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Operation;

namespace Totem.Operation.Tests.Why;

/// <summary>A member makes sense of the events of a change, on a clock of the test's.</summary>
public sealed class WitnessTests
{
    private static readonly ProcessorId One = new(1);
    private static readonly ProcessorId Two = new(2);
    private static readonly ProcessorId Three = new(3);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);
    private static readonly DateTimeOffset Origin = DateTimeOffset.UnixEpoch;

    private readonly Dictionary<ProcessorId, Instant> _heard = [];
    private readonly Vitals _vitals;
    private readonly ChangeWitness _witness;
    private VitalSigns _signs;
    private bool _isInterfaceDown;

    public WitnessTests()
    {
        _vitals = new Vitals(() => _signs);
        _witness = new ChangeWitness(
            One, Timeout, _vitals, id => _heard.TryGetValue(id, out var at) ? at : null, () => _isInterfaceDown,
            at => Origin + new TimeSpan(at.Ticks));
        _heard[Two] = _heard[Three] = At(9.9);
    }

    [Fact]
    public void A_member_that_was_not_heard_was_silent_since_its_last_datagram()
    {
        _heard[Three] = At(8.5);
        _witness.OnEvent(new RingEvent(RingEventKind.TokenRetransmitted), At(9.2));
        _witness.OnEvent(new RingEvent(RingEventKind.TokenRetransmitted), At(9.5));
        var record = Change(GatherReason.TokenLost, left: [Three], suspects: [Three], lastHolder: Two,
            elapsed: TimeSpan.FromSeconds(1));
        Assert.Equal(ChangeDiagnosis.MemberSilent, record.Diagnosis);
        Assert.Equal([Three], record.About);
        Assert.Equal(new MemberSilence(Three, Origin.AddSeconds(8.5), TimeSpan.FromSeconds(1.75)),
            Assert.Single(record.Silences));
        Assert.Equal(2, record.TokensSentAgain);
        Assert.Equal(One, record.NoticedBy);
        Assert.Equal(
            "node 3 was silent for 1.75 s; noticed here; the token was lost between 2 and 3 for 1.00 s, sent 2 times "
            + "again; node 3 went; ring 1.12 of 2 after 0.25 s (gather 0.20 s, commit 0.010 s, recovery 0.040 s)",
            record.Sentence);
    }

    [Fact]
    public void Several_that_were_not_heard_have_parted()
    {
        (_heard[Two], _heard[Three]) = (At(8), At(9));
        Assert.Equal(
            ChangeDiagnosis.Parted, Change(GatherReason.TokenLost, left: [Two, Three]).Diagnosis);
    }

    [Fact]
    public void An_interface_that_is_down_is_why_everybody_is_gone()
    {
        (_heard[Two], _heard[Three], _isInterfaceDown) = (At(8), At(9), true);
        Assert.Equal(ChangeDiagnosis.InterfaceDown, Change(GatherReason.TokenLost, left: [Two, Three]).Diagnosis);
    }

    [Fact]
    public void An_interface_that_is_down_is_not_looked_at_while_somebody_is_there()
    {
        (_heard[Three], _isInterfaceDown) = (At(8), true);
        Assert.Equal(ChangeDiagnosis.MemberSilent, Change(GatherReason.TokenLost, left: [Three]).Diagnosis);
    }

    [Theory]
    [InlineData(GatherReason.MemberLeft, ChangeDiagnosis.Left)]
    [InlineData(GatherReason.MemberUnreachable, ChangeDiagnosis.ProcessEnded)]
    [InlineData(GatherReason.MemberFailedToReceive, ChangeDiagnosis.FailedToReceive)]
    [InlineData(GatherReason.MemberGivenUp, ChangeDiagnosis.GivenUp)]
    [InlineData(GatherReason.ReaderStopped, ChangeDiagnosis.ReaderStopped)]
    [InlineData(GatherReason.ConsensusTimeout, ChangeDiagnosis.Other)]
    public void The_protocols_reason_says_it_where_it_can(GatherReason reason, ChangeDiagnosis expected) =>
        Assert.Equal(expected, Change(reason, left: [Three], suspects: [Three]).Diagnosis);

    [Fact]
    public void A_lost_token_with_nobody_gone_is_just_that() =>
        Assert.Equal(ChangeDiagnosis.TokenLost, Change(GatherReason.TokenLost, left: []).Diagnosis);

    [Fact]
    public void Who_calls_was_first()
    {
        var record = Change(GatherReason.JoinReceived, left: [], joined: [Three], peer: Three);
        Assert.Equal((ChangeDiagnosis.Joined, Three), (record.Diagnosis, record.NoticedBy));
    }

    [Theory]
    [InlineData(599, ChangeDiagnosis.FailedToReceive)]
    [InlineData(600, ChangeDiagnosis.LargeFramesLost)]
    public void A_large_frame_that_is_lacking_is_named(int bytes, ChangeDiagnosis expected)
    {
        _witness.OnEvent(new RingEvent(RingEventKind.MemberSuspected, Peer: Three, Count: bytes), At(9.9));
        var record = Change(GatherReason.MemberFailedToReceive, left: [Three], suspects: [Three]);
        Assert.Equal((expected, bytes), (record.Diagnosis, record.LackedFrameBytes));
    }

    [Fact]
    public void A_broken_link_is_named()
    {
        _witness.OnEvent(new RingEvent(RingEventKind.LinkBroken, Peer: Three, OtherPeer: Two), At(9.9));
        _witness.OnEvent(new RingEvent(RingEventKind.LinkBroken, Peer: Three, OtherPeer: Two), At(9.95));
        var record = Change(GatherReason.TokenLost, left: [Three]);
        Assert.Equal(ChangeDiagnosis.LinkBroken, record.Diagnosis);
        Assert.Equal(new BrokenLink(Three, Two), Assert.Single(record.BrokenLinks));
        // The next change has its own.
        Assert.Empty(Change(GatherReason.TokenLost, left: []).BrokenLinks);
    }

    [Fact]
    public void Datagrams_that_were_dropped_lately_count_and_others_do_not()
    {
        _signs = default(VitalSigns) with { Dropped = 100 };
        _vitals.Sample(At(7));
        Assert.Equal(ChangeDiagnosis.TokenLost, Change(GatherReason.TokenLost, left: []).Diagnosis);
        _signs = _signs with { Dropped = 107 };
        var record = Change(GatherReason.TokenLost, left: []);
        Assert.Equal((ChangeDiagnosis.ReceiveOverflow, 7), (record.Diagnosis, record.DatagramsDropped));
    }

    [Theory]
    [InlineData(1.6, 0.1, false, ChangeDiagnosis.GarbageCollection)]
    [InlineData(0.1, 1.6, false, ChangeDiagnosis.Starved)]
    [InlineData(0.1, 0.1, true, ChangeDiagnosis.HandlerBlocked)]
    [InlineData(0.1, 0.1, false, ChangeDiagnosis.Suspended)]
    public void A_pause_of_our_own_says_what_held_us_up(
        double collected, double waited, bool isInHandler, ChangeDiagnosis expected)
    {
        _vitals.Sample(At(6));
        _signs = new VitalSigns(TimeSpan.FromSeconds(collected), TimeSpan.FromSeconds(waited), 0, 0);
        _vitals.NoteGap(TimeSpan.FromSeconds(3), isInHandler, At(9.8));
        var record = Change(GatherReason.StoodStill, left: [Two], suspects: [One]);
        Assert.Equal((expected, TimeSpan.FromSeconds(3)), (record.Diagnosis, record.Pause!.Length));
        Assert.StartsWith("this member was not running for 3.00 s", record.Sentence, StringComparison.Ordinal);
        // A pause explains one change.
        Assert.Null(Change(GatherReason.TokenLost, left: []).Pause);
    }

    [Fact]
    public void The_last_64_records_are_kept()
    {
        for (var i = 0ul; i < 100; i++)
            Change(GatherReason.TokenLost, left: [], sequence: i);
        Assert.Equal((64, 100L), (_witness.Records.Count, _witness.Count));
        Assert.Equal((36ul, 99ul), (_witness.Records[0].Ring.Sequence, _witness.Records[^1].Ring.Sequence));
        Assert.Null(_witness.Find(new RingId(One, 35)));
        Assert.Equal(36ul, _witness.Find(new RingId(One, 36))!.Ring.Sequence);
    }

    private static Instant At(double seconds) => new((long)(seconds * TimeSpan.TicksPerSecond));

    private ChangeRecord Change(
        GatherReason reason, ProcessorId[] left, ProcessorId[]? joined = null, ProcessorId[]? suspects = null,
        ProcessorId peer = default, ProcessorId lastHolder = default, TimeSpan elapsed = default, ulong sequence = 12)
    {
        var ring = new RingId(One, sequence);
        _witness.OnEvent(new RingEvent(RingEventKind.EnteredGather, Peer: peer, Reason: reason), At(10));
        _witness.OnEvent(new RingEvent(RingEventKind.EnteredCommit, ring), At(10.2));
        _witness.OnEvent(new RingEvent(RingEventKind.EnteredRecovery, ring), At(10.21));
        _witness.OnEvent(new RingEvent(RingEventKind.EnteredOperational, ring), At(10.25));
        var members = ProcessorSet.Of(One, Two, Three).Except(ProcessorSet.Of(left));
        var (went, came) = (ProcessorSet.Of(left), ProcessorSet.Of(joined ?? []));
        _witness.OnChange(new ConfigurationChange(
            new Configuration(ConfigurationKind.Regular, ring, new RingId(One, 8), members), came, went,
            new ConfigurationCause(reason, ProcessorSet.Of(suspects ?? []), lastHolder, elapsed, came, went)));
        return _witness.Records[^1];
    }
}
