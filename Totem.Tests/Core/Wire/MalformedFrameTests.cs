using System.Buffers.Binary;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Captures;

namespace Totem.Tests.Core.Wire;

/// <summary>Frames that are almost right: one real frame of each kind, cut, or with one field out
/// of its range.</summary>
public sealed class MalformedFrameTests
{
    private static readonly (string Capture, int FrameNumber)[] Examples =
    [
        ("udp-e-loss", 138), // a token with two requests
        ("udp-a-formation", 9), // a packet of three messages
        ("udp-h-recovery", 1375), // an encapsulated message
        ("udp-b-cpg", 4), // a merge detect
        ("udp-f-shutdown", 20), // a join with three proposed and one failed
        ("udp-a-formation", 30), // a commit token of two
        ("udp-b-cpg", 9), // a hold cancel
    ];

    public static TheoryData<string, int> Frames
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var (capture, frameNumber) in Examples)
                data.Add(capture, frameNumber);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void A_frame_cut_anywhere_is_too_short(string capture, int frameNumber)
    {
        var whole = Capture.Frame(capture, frameNumber);
        foreach (var frame in new[] { whole, FrameLayout.ToBigEndian(whole) })
        {
            var announced = AnyFrame.Read(frame) is MessageFrame ? WireFormat.RegularMessageHeaderBytes : frame.Length;
            for (var length = 0; length < announced; length++)
                Assert.Equal(DecodeResult.TooShort, AnyFrame.TryRead(frame.AsSpan(0, length), out _));
            for (var length = announced; length <= frame.Length; length++)
                Assert.Equal(DecodeResult.Ok, AnyFrame.TryRead(frame.AsSpan(0, length), out _));
        }
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void A_decoder_reads_only_its_own_kind(string capture, int frameNumber)
    {
        // Long enough for every kind, so that only the kind can be the reason.
        byte[] frame = [.. Capture.Frame(capture, frameNumber), .. new byte[200]];
        Assert.Equal(DecodeResult.Ok, FrameHeader.TryRead(frame, out var header));

        var results = new Dictionary<FrameKind, DecodeResult>
        {
            [FrameKind.RegularToken] = RegularToken.TryRead(frame, out _, out _),
            [FrameKind.RegularMessage] = RegularMessage.TryRead(frame, out _),
            [FrameKind.MergeDetect] = MergeDetect.TryRead(frame, out _, out _),
            [FrameKind.Join] = JoinMessage.TryRead(frame, out _),
            [FrameKind.CommitToken] = CommitToken.TryRead(frame, out _),
            [FrameKind.HoldCancel] = HoldCancel.TryRead(frame, out _),
            [FrameKind.TokenLoan] = TokenLoan.TryRead(frame, out _),
        };

        Assert.All(
            results, x => Assert.Equal(x.Key == header.Kind ? DecodeResult.Ok : DecodeResult.UnknownKind, x.Value));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(uint.MaxValue)]
    [InlineData(0x8000_0000)]
    public void A_token_with_more_than_30_requests_is_refused(uint count)
    {
        var token = Padded("udp-a-formation", 33);
        SetU32(token, 53, 30);
        Assert.Equal(DecodeResult.Ok, RegularToken.TryRead(token, out _, out var requests));
        Assert.Equal(30, requests.Count);

        SetU32(token, 53, count);
        Assert.Equal(DecodeResult.CountOutOfRange, RegularToken.TryRead(token, out _, out requests));
        Assert.Equal(0, requests.Count);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(21)]
    public void A_join_with_more_processors_than_a_set_holds_is_refused(int countOffset)
    {
        var join = Padded("udp-f-shutdown", 20);
        foreach (var count in new uint[] { ProcessorSet.MaxCount + 1, int.MaxValue, 0x8000_0000, uint.MaxValue })
        {
            SetU32(join, countOffset, count);
            Assert.Equal(DecodeResult.CountOutOfRange, JoinMessage.TryRead(join, out var message));
            Assert.Null(message);
        }
    }

    [Theory]
    [InlineData(13, 0)] // no sender
    [InlineData(13, 3)] // not the processor of the header
    [InlineData(33, 0)] // nobody among the proposed
    [InlineData(45, 0)] // nobody among the failed
    public void A_join_that_names_nobody_is_refused(int offset, uint id)
    {
        var join = Padded("udp-f-shutdown", 20);
        SetU32(join, offset, id);
        Assert.Equal(DecodeResult.InvalidProcessor, JoinMessage.TryRead(join, out _));
    }

    [Theory]
    [InlineData(41, 0, DecodeResult.InvalidProcessor)] // nobody among the members
    [InlineData(45, 1, DecodeResult.InvalidProcessor)] // a member twice
    [InlineData(17, 2, DecodeResult.InvalidProcessor)] // a representative that is not the lowest member
    [InlineData(37, 0, DecodeResult.InvalidProcessor)] // no members
    [InlineData(37, 129, DecodeResult.CountOutOfRange)]
    [InlineData(37, uint.MaxValue, DecodeResult.CountOutOfRange)]
    [InlineData(33, 3, DecodeResult.CountOutOfRange)] // more entries filled in than there are members
    [InlineData(33, 0x8000_0000, DecodeResult.CountOutOfRange)]
    public void A_commit_token_that_contradicts_itself_is_refused(int offset, uint value, DecodeResult expected)
    {
        var commit = Padded("udp-a-formation", 30);
        SetU32(commit, offset, value);
        Assert.Equal(expected, CommitToken.TryRead(commit, out var token));
        Assert.Null(token);
    }

    [Fact]
    public void A_commit_token_with_its_members_out_of_order_is_refused()
    {
        var commit = Padded("udp-a-formation", 30);
        SetU32(commit, 41, 2);
        SetU32(commit, 45, 1);
        Assert.Equal(DecodeResult.InvalidProcessor, CommitToken.TryRead(commit, out _));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(13)]
    public void A_message_from_nobody_is_refused(int offset)
    {
        var message = Padded("udp-a-formation", 9);
        SetU32(message, offset, 0);
        Assert.Equal(DecodeResult.InvalidProcessor, RegularMessage.TryRead(message, out _));
    }

    [Fact]
    public void A_merge_detect_from_nobody_is_refused()
    {
        var detect = Padded("udp-b-cpg", 4);
        SetU32(detect, 13, 0);
        Assert.Equal(DecodeResult.InvalidProcessor, MergeDetect.TryRead(detect, out _, out _));
    }

    [Theory]
    [InlineData("544f5448 0200 03000000 01000000 0000", DecodeResult.Ok)]
    [InlineData("544f5448 0200 03000000 01000000 0100 01000000 02000000", DecodeResult.Ok)]
    [InlineData("544f5448 0200 03000000 01000000 0100 01000000 020000", DecodeResult.TooShort)]
    [InlineData("544f5448 0200 03000000 01000000 0100 01000000 01000000", DecodeResult.InvalidProcessor)]
    [InlineData("544f5448 0200 03000000 01000000 8100", DecodeResult.CountOutOfRange)]
    [InlineData("544f5448 0200 03000000 010000", DecodeResult.TooShort)]
    [InlineData("544f5448 0100 00000000", DecodeResult.InvalidProcessor)]
    [InlineData("544f5448 8100 03000000", DecodeResult.CountOutOfRange)]
    public void A_merge_detect_with_our_trailer_says_whom_its_sender_heard(string trailerHex, DecodeResult expected)
    {
        byte[] frame = [.. Capture.Frame("udp-b-cpg", 4), .. Bytes(trailerHex)];

        Assert.Equal(expected, MergeDetect.TryRead(frame, out _, out var trailer));
        Assert.Equal(expected == DecodeResult.Ok ? ProcessorSet.Of(new ProcessorId(1), new ProcessorId(3)) : null,
            trailer?.Heard);
    }

    [Theory]
    [InlineData("544f544a 0100 03000000 0200 01000000 02000000 03000000 01000000 0100 02000000", DecodeResult.Ok)]
    [InlineData("544f544a 0100 03000000 0200 01000000 02000000 03000000 01000000 0100 020000", DecodeResult.TooShort)]
    [InlineData("544f544a 0100 03000000 0200 01000000 02000000 03000000 01000000", DecodeResult.TooShort)]
    [InlineData("544f544a 0000 0000 8100 01000000", DecodeResult.CountOutOfRange)]
    [InlineData("544f544a 0100 03000000 0200 01000000 02000000 03000000 010000", DecodeResult.TooShort)]
    [InlineData("544f544a 0200 03000000 0200", DecodeResult.TooShort)]
    [InlineData("544f544a 0100 00000000 0000", DecodeResult.InvalidProcessor)]
    // a link from a processor to itself
    [InlineData("544f544a 0000 0100 01000000 01000000", DecodeResult.InvalidProcessor)]
    [InlineData("544f544a 0000 0100 00000000 01000000", DecodeResult.InvalidProcessor)]
    [InlineData("544f544a 8100 03000000 0000", DecodeResult.CountOutOfRange)]
    [InlineData("544f544a 0000 8100 01000000 02000000", DecodeResult.CountOutOfRange)]
    public void A_join_with_our_trailer_says_why_somebody_failed(string trailerHex, DecodeResult expected)
    {
        var result = JoinMessage.TryRead(JoinWith(trailerHex), out var join);

        Assert.Equal(expected, result);
        var trailer = new JoinTrailer(
            ProcessorSet.Of(new ProcessorId(3)),
            [new BrokenLink(new ProcessorId(1), new ProcessorId(2)),
                new BrokenLink(new ProcessorId(3), new ProcessorId(1))],
            ProcessorSet.Of(new ProcessorId(2)));
        Assert.Equal(expected == DecodeResult.Ok ? trailer : null, join?.Trailer);
    }

    [Theory]
    [InlineData("")]
    [InlineData("544f544a 0000")] // cut before the second count
    [InlineData("544f544b 0100 03000000 0000")] // another magic
    public void A_join_with_a_foreign_trailer_does_not_say_why_somebody_failed(string trailerHex)
    {
        Assert.Equal(DecodeResult.Ok, JoinMessage.TryRead(JoinWith(trailerHex), out var join));
        Assert.Null(join!.Trailer);
    }

    [Theory]
    [InlineData("")]
    [InlineData("544f5448")] // cut before the count
    [InlineData("544f5449 0100 03000000")] // another magic
    public void A_merge_detect_with_a_foreign_trailer_does_not_say_whom_its_sender_heard(string trailerHex)
    {
        byte[] frame = [.. Capture.Frame("udp-b-cpg", 4), .. Bytes(trailerHex)];

        Assert.Equal(DecodeResult.Ok, MergeDetect.TryRead(frame, out _, out var trailer));
        Assert.Null(trailer);
    }

    private static byte[] JoinWith(string trailerHex) => [.. Capture.Frame("udp-f-shutdown", 20), .. Bytes(trailerHex)];

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>A real frame with room behind it, so that no announced list runs off its end.</summary>
    private static byte[] Padded(string capture, int frameNumber) =>
        [.. Capture.Frame(capture, frameNumber), .. new byte[1000]];

    private static void SetU32(byte[] frame, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(offset), value);
}
