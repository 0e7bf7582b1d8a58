using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Captures;

namespace Totem.Tests.Core.Wire;

/// <summary>Every datagram of real corosync rings: decoded, compared with an independent decode,
/// and encoded again.</summary>
public sealed class GoldenFrameTests
{
    /// <summary>How many frames of each kind the captures hold; counted in their decode.</summary>
    private static readonly (FrameKind Kind, Encapsulation Encapsulation, int Count)[] KnownCounts =
    [
        (FrameKind.RegularToken, Encapsulation.None, 11_135),
        (FrameKind.RegularMessage, Encapsulation.Regular, 6_876),
        (FrameKind.RegularMessage, Encapsulation.Encapsulated, 54),
        (FrameKind.MergeDetect, Encapsulation.None, 395),
        (FrameKind.Join, Encapsulation.None, 2_956),
        (FrameKind.CommitToken, Encapsulation.None, 152),
        (FrameKind.HoldCancel, Encapsulation.None, 122),
    ];

    public static TheoryData<string> Captures => Capture.Theory;

    [Fact]
    public void The_captures_hold_every_kind_of_frame_as_often_as_is_known()
    {
        var counts = AllDatagrams()
            .Select(x => AnyFrame.Read(x.Payload).Header)
            .CountBy(x => (x.Kind, x.Encapsulation))
            .Select(x => (x.Key.Kind, x.Key.Encapsulation, Count: x.Value))
            .OrderBy(x => x.Kind).ThenByDescending(x => x.Encapsulation);

        Assert.Equal(KnownCounts, counts);
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_datagram_decodes_to_the_line_of_the_independent_decode(string name)
    {
        var lines = Capture.Named(name).Lines.Where(x => x.Kind is not ("msg" or "IPFRAG" or "OTHER")).ToList();
        var datagrams = Capture.Named(name).File.Datagrams;
        Assert.NotEmpty(lines);
        Assert.Equal(lines.Select(x => x.FrameNumber), datagrams.Select(x => x.FrameNumber));

        foreach (var (line, datagram) in lines.Zip(datagrams))
        {
            var frame = AnyFrame.Read(datagram.Payload);
            var ours = line with
            {
                Source = datagram.Source,
                Destination = datagram.Destination,
                Length = $"{datagram.Payload.Length}",
                Kind = FrameText.Kind(frame),
                Fields = FrameText.Fields(frame) + (datagram.IsTruncated ? " (truncated)" : ""),
            };
            Assert.Equal(line with { Fields = FrameText.WithSortedIds(line.Kind, line.Fields) }, ours);
        }
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void The_reader_of_the_captures_skips_what_is_not_ours(string name)
    {
        var capture = Capture.Named(name);

        Assert.Equal(capture.Lines.Count(x => x.Kind == "IPFRAG"), capture.File.FragmentCount);
        Assert.Equal(capture.Lines.Count(x => x.Kind == "OTHER"), capture.File.OtherCount);
        Assert.Equal(capture.Lines.Count(x => x.Kind != "msg"), capture.File.PacketCount);
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_datagram_encodes_again_to_the_same_bytes(string name)
    {
        var datagrams = Capture.Named(name).File.Datagrams;
        Assert.NotEmpty(datagrams);
        foreach (var datagram in datagrams)
        {
            var frame = AnyFrame.Read(datagram.Payload);
            AssertSameBytes(name, datagram, datagram.Payload, frame.Encode());
            if (frame is MessageFrame { Header.Encapsulation: Encapsulation.Encapsulated } message)
                AssertSameBytes(name, datagram, message.Payload.Items, AnyFrame.Read(message.Payload.Items).Encode());
        }
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_datagram_means_the_same_when_a_big_endian_machine_sends_it(string name)
    {
        var datagrams = Capture.Named(name).File.Datagrams;
        Assert.NotEmpty(datagrams);
        foreach (var datagram in datagrams)
        {
            var swapped = FrameLayout.ToBigEndian(datagram.Payload);
            var frame = AnyFrame.Read(swapped);
            Assert.True(frame.Header.Swapped);
            Assert.Equal(AnyFrame.Read(datagram.Payload), frame.AsLittleEndian());
            AssertSameBytes(name, datagram, datagram.Payload, frame.Encode());
        }
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void Bytes_after_the_announced_length_are_ignored(string name)
    {
        byte[] trailer = [0xDE, 0xAD, 0xBE, 0xEF, 0xDE, 0xAD, 0xBE, 0xEF];
        foreach (var datagram in Capture.Named(name).File.Datagrams)
        {
            var frame = AnyFrame.Read(datagram.Payload);
            if (frame is not MessageFrame)
                Assert.Equal(frame, AnyFrame.Read([.. datagram.Payload, .. trailer]));
        }
    }

    private static IEnumerable<CapturedDatagram> AllDatagrams() =>
        Capture.Names.SelectMany(x => Capture.Named(x).File.Datagrams);

    private static void AssertSameBytes(string name, CapturedDatagram datagram, byte[] expected, byte[] actual)
    {
        var same = expected.AsSpan().CommonPrefixLength(actual);
        Assert.True(
            same == expected.Length && same == actual.Length,
            $"{name} frame {datagram.FrameNumber}: {actual.Length} bytes, {expected.Length} expected; they differ from "
                + $"offset {same} on");
    }
}
