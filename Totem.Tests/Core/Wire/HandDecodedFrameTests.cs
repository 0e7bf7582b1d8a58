using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Tests.Captures;

namespace Totem.Tests.Core.Wire;

/// <summary>
/// The packets that were decoded by hand, field by field; where they are short, as hex as well as in their capture
/// (Totem.Tests/Captures/README.md, "Packets decoded by hand").
/// </summary>
public sealed class HandDecodedFrameTests
{
    private const string FirstJoinHex =
        "70c0 03 03 00 01000000 00000000 01000000 01000000 00000000 0100000000000000 01000000";

    private const string LeaveHex =
        "70c0 03 03 00 00000000 00000000 03000000 02000000 01000000 1e00000000000000 01000000 02000000 03000000";

    private const string JoinWithoutNode3Hex =
        "70c0 03 03 00 02000000 fd44d8fe 02000000 03000000 01000000 1e00000000000000 01000000 02000000 03000000 "
            + "03000000";

    private const string SecondHopOfACommitTokenHex =
        "70c0 03 04 00 02000000 00000000 02000000 01000000 0900000000000000 00000000 02000000 02000000 01000000 "
        + "02000000"
        + "01000000 0500000000000000 08000000 08000000 01000000"
        + "02000000 0500000000000000 08000000 08000000 01000000";

    private const string FirstTokenHex =
        "70c0 03 00 00 01000000 00000002 00000000 00000000 ffffffff 01000000 01000000 0900000000000000"
        + "00000000 00000000 00000000 00000000";

    private const string MergeDetectHex = "70c0 03 02 00 01000000 df333378 01000000 01000000 0d00000000000000";

    private const string HoldCancelHex = "70c0 03 05 00 01000000 00000000 01000000 0d00000000000000";

    [Fact]
    public void A_lone_processor_proposes_itself()
    {
        var join = Read<JoinFrame>(FirstJoinHex, "udp-a-formation", 1).Join;

        Assert.Equal(Header(FrameKind.Join, node: 1), join.Header);
        Assert.Equal(Id(1), join.System);
        Assert.Equal(1u, join.RingSequence);
        Assert.Equal(Ids(1), join.Proposed);
        Assert.Empty(join.Failed);
        Assert.False(join.IsLeave);
    }

    [Fact]
    public void A_leaving_processor_names_nobody_in_its_header_and_excludes_itself()
    {
        var leave = Read<JoinFrame>(LeaveHex, "udp-f-shutdown", 19).Join;

        Assert.True(leave.IsLeave);
        Assert.Equal(Header(FrameKind.Join, node: 0), leave.Header);
        Assert.Equal(Id(3), leave.System);
        Assert.Equal(30u, leave.RingSequence);
        Assert.Equal(Ids(1, 2), leave.Proposed);
        Assert.Equal(Ids(3), leave.Failed);
    }

    [Fact]
    public void A_join_with_a_failed_processor_names_it_in_both_sets()
    {
        var join = Read<JoinFrame>(JoinWithoutNode3Hex, "udp-f-shutdown", 20).Join;

        Assert.Equal(Header(FrameKind.Join, node: 2, target: 0xFED8_44FD), join.Header);
        Assert.Equal(Id(2), join.System);
        Assert.Equal(30u, join.RingSequence);
        Assert.Equal(Ids(1, 2, 3), join.Proposed);
        Assert.Equal(Ids(3), join.Failed);
    }

    [Fact]
    public void A_commit_token_that_has_passed_everybody_holds_every_old_ring()
    {
        var commit = Read<CommitFrame>(SecondHopOfACommitTokenHex, "udp-a-formation", 30).Commit;

        Assert.Equal(Header(FrameKind.CommitToken, node: 2), commit.Header);
        Assert.Equal(new TokenSeq(2), commit.TokenSeq);
        Assert.Equal(Ring(1, 9), commit.Ring);
        Assert.Equal(0u, commit.RetransFlag);
        Assert.Equal(2, commit.FilledCount);
        Assert.True(commit.IsComplete);
        Assert.Equal(Ids(1, 2), commit.Members);
        Assert.Equal(
            [
                new CommitEntry(Ring(1, 5), new Seq(8), new Seq(8), ReceivedFlag: true),
                new CommitEntry(Ring(2, 5), new Seq(8), new Seq(8), ReceivedFlag: true),
            ],
            commit.Entries);
    }

    [Fact]
    public void A_commit_token_on_its_first_hop_has_an_empty_entry_for_the_next_member()
    {
        var commit = ((CommitFrame)AnyFrame.Read(Capture.Frame("udp-a-formation", 29))).Commit;

        Assert.Equal(new TokenSeq(1), commit.TokenSeq);
        Assert.Equal(1, commit.FilledCount);
        Assert.False(commit.IsComplete);
        Assert.Equal(Ring(1, 5), commit.Entries[0].OldRing);
        Assert.Equal(default, commit.Entries[1]);
    }

    [Fact]
    public void The_first_token_of_a_ring_starts_its_aru_one_before_zero()
    {
        var frame = Read<TokenFrame>(FirstTokenHex, "udp-a-formation", 33);

        Assert.Empty(frame.Requests.Items);
        Assert.Equal(
            new RegularToken(
                Header(FrameKind.RegularToken, node: 1, target: 0x0200_0000), new Seq(0), new TokenSeq(0),
                new Seq(uint.MaxValue),
                Id(1), Ring(1, 9), Backlog: 0, FlowControlCount: 0, RetransFlag: 0, RequestCount: 0),
            frame.Token);
    }

    [Fact]
    public void A_token_under_loss_carries_two_retransmission_requests()
    {
        var bytes = Capture.Frame("udp-e-loss", 138);
        var frame = (TokenFrame)AnyFrame.Read(bytes);

        Assert.Equal(WireFormat.RegularTokenBytes + 2 * WireFormat.RetransmitRequestBytes, bytes.Length);
        Assert.Equal(Id(3), frame.Header.Node);
        Assert.Equal(new Seq(127), frame.Token.Seq);
        Assert.Equal(new TokenSeq(455), frame.Token.TokenSeq);
        Assert.Equal(new Seq(37), frame.Token.Aru);
        Assert.Equal(Id(3), frame.Token.AruSetter);
        Assert.Equal(Ring(1, 9), frame.Token.Ring);
        Assert.Equal(51u, frame.Token.Backlog);
        Assert.Equal(19u, frame.Token.FlowControlCount);
        Assert.Equal(0u, frame.Token.RetransFlag);
        Assert.Equal(
            [new RetransmitRequest(Ring(1, 9), new Seq(38)), new RetransmitRequest(Ring(1, 9), new Seq(57))],
            frame.Requests.Items);
    }

    [Fact]
    public void A_merge_detect_shows_its_ring_and_says_nothing_of_whom_it_heard()
    {
        var frame = Read<MergeFrame>(MergeDetectHex, "udp-b-cpg", 4);

        Assert.Equal(Header(FrameKind.MergeDetect, node: 1, target: 0x7833_33DF), frame.Header);
        Assert.Equal(Id(1), frame.Detect.System);
        Assert.Equal(Ring(1, 13), frame.Detect.Ring);
        Assert.Null(frame.Trailer);
    }

    [Fact]
    public void A_hold_cancel_names_the_ring_whose_token_is_held()
    {
        var cancel = Read<HoldCancelFrame>(HoldCancelHex, "udp-b-cpg", 9).Cancel;

        Assert.Equal(Header(FrameKind.HoldCancel, node: 1), cancel.Header);
        Assert.Equal(Ring(1, 13), cancel.Ring);
    }

    [Theory]
    [InlineData("udp-a-formation", 3, 615, 1, 5, 2, 1)]
    [InlineData("udp-b-cpg", 13, 228, 1, 13, 22, 22)]
    public void A_regular_message_stands_before_its_packet(
        string capture, int frameNumber, int bytes, uint node, ulong ringSequence, uint seq, uint originCount)
    {
        var frame = (MessageFrame)AnyFrame.Read(Capture.Frame(capture, frameNumber));

        Assert.Equal(bytes - WireFormat.RegularMessageHeaderBytes, frame.Payload.Items.Length);
        Assert.Equal(
            new RegularMessage(
                Header(FrameKind.RegularMessage, node, encapsulation: Encapsulation.Regular), Id(node), new Seq(seq),
                originCount,
                Ring(1, ringSequence), NodeIdField: 0, Guarantee: 0),
            frame.Message);
    }

    [Theory]
    [InlineData("udp-a-formation", 5, 1455, "0000 0000 01 00 0100 7805")]
    [InlineData("udp-a-formation", 6, 228, "0000 0000 00 01 0100 ad00")]
    [InlineData("udp-a-formation", 9, 173, "0000 0000 00 00 0300 2500 2500 2800")]
    [InlineData("udp-b-cpg", 313, 245, "0000 0000 00 00 0100 be00")]
    [InlineData("udp-b-cpg", 1492, 1328, "0000 0000 00 00 0500 fd00 fd00 fd00 fd00 fd00")]
    [InlineData("udp-h-recovery", 1405, 270, "0000 0000 00 00 0200 ad00 2800")]
    public void The_payload_of_a_regular_message_starts_with_the_packing_header(
        string capture, int frameNumber, int bytes, string packingHeaderHex)
    {
        var frame = (MessageFrame)AnyFrame.Read(Capture.Frame(capture, frameNumber));
        var packingHeader = Bytes(packingHeaderHex);

        Assert.Equal(Encapsulation.Regular, frame.Header.Encapsulation);
        Assert.Equal(bytes, WireFormat.RegularMessageHeaderBytes + frame.Payload.Items.Length);
        Assert.Equal(packingHeader, frame.Payload.Items[..packingHeader.Length]);
    }

    [Fact]
    public void An_encapsulated_message_carries_one_of_the_old_ring_byte_for_byte()
    {
        var outer = (MessageFrame)AnyFrame.Read(Capture.Frame("udp-h-recovery", 1375));

        Assert.Equal(
            new RegularMessage(
                Header(FrameKind.RegularMessage, node: 2, encapsulation: Encapsulation.Encapsulated), Id(2), new Seq(1),
                OriginCount: 148,
                Ring(1, 43), NodeIdField: 0, Guarantee: 0),
            outer.Message);

        var inner = (MessageFrame)AnyFrame.Read(outer.Payload.Items);
        Assert.Equal(
            new RegularMessage(
                Header(FrameKind.RegularMessage, node: 3, encapsulation: Encapsulation.Regular), Id(3), new Seq(812),
                OriginCount: 16,
                Ring(1, 39), NodeIdField: 0, Guarantee: 0),
            inner.Message);
        Assert.Equal(Bytes("0000 0000 00 00 0100 b701"), inner.Payload.Items[..10]);
        Assert.Equal(10 + 5 + 184 + 250, inner.Payload.Items.Length);

        // The same message was seen before, on its own ring: frame 357 is node 2 sending it again for node 1.
        Assert.Equal(Capture.Frame("udp-h-recovery", 357), outer.Payload.Items);
    }

    private static T Read<T>(string hex, string capture, int frameNumber)
        where T : AnyFrame
    {
        var bytes = Capture.Frame(capture, frameNumber);
        Assert.Equal(Bytes(hex), bytes);
        return Assert.IsType<T>(AnyFrame.Read(bytes));
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static FrameHeader Header(
        FrameKind kind, uint node, uint target = 0, Encapsulation encapsulation = Encapsulation.None) =>
        new(kind, encapsulation, Id(node), target, Swapped: false);

    private static ProcessorId Id(uint value) => new(value);

    private static ProcessorSet Ids(params uint[] values) => ProcessorSet.Of([.. values.Select(Id)]);

    private static RingId Ring(uint representative, ulong sequence) => new(Id(representative), sequence);
}
