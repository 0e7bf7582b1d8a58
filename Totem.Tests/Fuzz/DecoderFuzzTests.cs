using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Core.Wire;
using Xunit.Sdk;

namespace Totem.Tests.Fuzz;

/// <summary>Real frames, damaged, through every decoder: <see cref="FuzzSettings"/> says how many.</summary>
public sealed class DecoderFuzzTests
{
    private const int EnoughForEveryAnswer = 100_000;

    // The dearest is a join with three lists of 128 ids of which some occur twice: each is copied, copied again without
    // the duplicates, and kept in its foreign order, 512 bytes each time; and 128 pairs of 8 bytes. Objects on top.
    private const int AllocatedBytesMax = 9 * 1024;

    // Most frames are damaged before they reach a list, or have short ones.
    private const int AllocatedBytesMeanMax = 512;

    [Fact]
    public void Damaged_frames_are_refused_or_read_but_never_thrown_at_and_cost_little_memory()
    {
        var frameCount = FuzzSettings.FrameCount;
        var mutator = new FrameMutator(FuzzSeeds.All, FuzzSettings.Seed);
        var seen = new int[byte.MaxValue, Enum.GetValues<DecodeResult>().Length];
        long allocatedInAll = 0;
        foreach (var warmUp in FuzzSeeds.All)
            _ = Decode(warmUp); // what is set up once is not a cost of a frame

        for (ulong number = 0; number < frameCount; number++)
        {
            var frame = mutator.Next(number);
            try
            {
                var (kind, result, allocated) = Measure(frame);
                // The runtime's own tables, which all tests share, grow on whichever thread fills
                // them: what a frame costs it costs each time.
                if (allocated > 0)
                    allocated = Math.Min(allocated, Measure(frame).Allocated);

                seen[kind, (int)result]++;
                allocatedInAll += allocated;
                var mayAllocate = kind is (byte)FrameKind.Join or (byte)FrameKind.CommitToken
                    or (byte)FrameKind.MergeDetect;
                Assert.InRange(allocated, 0, mayAllocate ? AllocatedBytesMax : 0);
                if (result == DecodeResult.Ok)
                    AssertEncodesAgain(frame);
            }
            catch (Exception exception)
            {
                throw new XunitException(FuzzSettings.Replay(number, number + 1, frame), exception);
            }
        }

        Assert.InRange(allocatedInAll / (long)frameCount, 0, AllocatedBytesMeanMax);
        if (frameCount >= EnoughForEveryAnswer)
            AssertEveryAnswerWasGiven(seen);
    }

    [Fact]
    public void A_frame_is_made_again_from_its_number()
    {
        var first = new FrameMutator(FuzzSeeds.All, seed: 7);
        var frames = Enumerable.Range(0, 100).Select(x => Convert.ToHexString(first.Next((ulong)x))).ToArray();
        var second = new FrameMutator(FuzzSeeds.All, seed: 7);

        foreach (var number in new[] { 99, 3, 50 })
            Assert.Equal(frames[number], Convert.ToHexString(second.Next((ulong)number)));
        // Short frames of two kinds are left as they are now and then, and then two numbers give the same.
        Assert.InRange(frames.Distinct(StringComparer.Ordinal).Count(), 90, 100);
        Assert.False(new FrameMutator(FuzzSeeds.All, seed: 8).Next(3).SequenceEqual(second.Next(3)));
    }

    private static (byte Kind, DecodeResult Result, long Allocated) Measure(ReadOnlySpan<byte> frame)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (kind, result) = Decode(frame);
        return (kind, result, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>The verdict of the decoder of the frame's own kind, after all others have been asked too.</summary>
    private static (byte Kind, DecodeResult Result) Decode(ReadOnlySpan<byte> frame)
    {
        var kind = frame.Length > 3 ? frame[3] : byte.MaxValue - 1;
        var header = FrameHeader.TryRead(frame, out _);
        var token = RegularToken.TryRead(frame, out _, out var requests);
        var message = RegularMessage.TryRead(frame, out var regular);
        var merge = MergeDetect.TryRead(frame, out _, out _);
        var join = JoinMessage.TryRead(frame, out _);
        var commit = CommitToken.TryRead(frame, out _);
        var cancel = HoldCancel.TryRead(frame, out _);
        var loan = TokenLoan.TryRead(frame, out _);
        for (var i = 0; i < requests.Count; i++)
            _ = requests[i];
        if (message == DecodeResult.Ok && regular.Header.Encapsulation == Encapsulation.Encapsulated)
            _ = RegularMessage.TryRead(frame[WireFormat.RegularMessageHeaderBytes..], out _);

        return (FrameKind)kind switch
        {
            _ when header != DecodeResult.Ok => ((byte)Math.Min(kind, byte.MaxValue - 1), header),
            FrameKind.RegularToken => ((byte)kind, token),
            FrameKind.RegularMessage => ((byte)kind, message),
            FrameKind.MergeDetect => ((byte)kind, merge),
            FrameKind.Join => ((byte)kind, join),
            FrameKind.CommitToken => ((byte)kind, commit),
            FrameKind.TokenLoan => ((byte)kind, loan),
            _ => ((byte)kind, cancel),
        };
    }

    private static void AssertEncodesAgain(ReadOnlySpan<byte> frame)
    {
        var read = AnyFrame.Read(frame);
        Assert.Equal(read.AsLittleEndian(), AnyFrame.Read(read.Encode()));
    }

    // A fuzzer that only ever makes garbage proves nothing: every answer a decoder can give must have been given.
    private static void AssertEveryAnswerWasGiven(int[,] seen)
    {
        (FrameKind Kind, DecodeResult[] OwnAnswers)[] answers =
        [
            (FrameKind.RegularToken, [DecodeResult.CountOutOfRange]),
            (FrameKind.RegularMessage, [DecodeResult.InvalidProcessor]),
            (FrameKind.MergeDetect, [DecodeResult.CountOutOfRange, DecodeResult.InvalidProcessor]),
            (FrameKind.Join, [DecodeResult.CountOutOfRange, DecodeResult.InvalidProcessor]),
            (FrameKind.CommitToken, [DecodeResult.CountOutOfRange, DecodeResult.InvalidProcessor]),
            (FrameKind.HoldCancel, []),
            (FrameKind.TokenLoan, [DecodeResult.InvalidProcessor]),
        ];
        DecodeResult[] common =
            [DecodeResult.Ok, DecodeResult.TooShort, DecodeResult.BadMagic, DecodeResult.UnknownVersion,
                DecodeResult.UnknownKind];
        foreach (var (kind, ownAnswers) in answers)
        {
            foreach (var result in common.Concat(ownAnswers))
                Assert.True(seen[(byte)kind, (int)result] > 0, $"no {kind} was ever {result}");
        }

        // Rare, and told before the kind is looked at.
        var kinds = Enumerable.Range(0, seen.GetLength(0));
        Assert.True(kinds.Any(kind => seen[kind, (int)DecodeResult.TooLong] > 0), "no frame was ever too long");
    }
}
