using Totem.Tests.Captures;
using Totem.Tests.Requirements;

namespace Totem.Tests.Wireshark;

/// <summary>The captures of real rings in the real tshark: what our dissector shows is what the
/// independent decode says.</summary>
public sealed class DissectorCaptureTests
{
    private static string[] AllFields => [.. DissectedText.FrameFields, .. DissectedMessages.Fields];

    [PackageFact("tshark")]
    public Task Every_frame_shows_what_the_independent_decode_says() => Parallel.ForEachAsync(
        Capture.Names,
        new ParallelOptions { MaxDegreeOfParallelism = 2 },
        async (name, _) => AssertAsDecoded(name, await DissectCaptureAsync(name)));

    [PackageFact("tshark")]
    public async Task A_second_pass_shows_the_same_and_where_each_fragment_belongs()
    {
        string[] fields = [.. AllFields, "totem.reassembled_in", "totem.fragment"];
        var frames = await Tshark.DissectAsync(FilePath("udpu-b-cpg"), fields, "-2");

        AssertAsDecoded("udpu-b-cpg", frames);
        var fragments = frames.Where(x => x.Has("totem.fragment")).ToList();
        Assert.True(fragments.Count > 300, $"{fragments.Count} frames with fragments");
        Assert.All(fragments, x => Assert.Equal(x.All("totem.fragment").Count, x.All("totem.reassembled_in").Count));
    }

    [PackageFact("tshark")]
    public async Task A_frame_that_the_capture_cut_off_is_said_to_be_and_not_called_malformed()
    {
        var frames = await DissectCaptureAsync("udp-g-partial");
        var truncated = Capture.Named("udp-g-partial").File.Datagrams.Where(x => x.IsTruncated)
            .Select(x => x.FrameNumber);

        Assert.Equal(truncated, frames.Where(x => x.Has("totem.cut")).Select(x => x.Number));
        Assert.Contains("partial mcast wfgrp process 22642, 1047552 of 1100000 bytes (first)", frames[8].Info,
            StringComparison.Ordinal);
    }

    private static Task<IReadOnlyList<DissectedFrame>> DissectCaptureAsync(string name) =>
        Tshark.DissectAsync(FilePath(name), AllFields);

    private static string FilePath(string name) => Path.Combine(AppContext.BaseDirectory, "Captures", name + ".pcap");

    private static void AssertAsDecoded(string name, IReadOnlyList<DissectedFrame> frames)
    {
        Assert.All(frames, x => Assert.False(x.IsMalformed || x.Has("totem.incomplete"), $"{name}: {x}"));
        var lines = Capture.Named(name).Lines;
        var frameLines = lines.Where(x => x.Kind is not ("msg" or "IPFRAG" or "OTHER")).ToList();
        var taken = frames.Where(x => x.IsTotem).ToList();
        Assert.NotEmpty(frameLines);
        Assert.Equal(frameLines.Select(x => x.FrameNumber), taken.Select(x => x.Number));
        foreach (var (line, frame) in frameLines.Zip(taken))
        {
            var shown = line with
            {
                Source = DissectedText.Source(frame),
                Destination = DissectedText.Destination(frame),
                Length = DissectedText.Length(frame),
                Kind = DissectedText.Kind(frame),
                Fields = DissectedText.Fields(frame),
            };
            Assert.Equal(line, shown);
        }

        // The decode has no messages of the captures that are cut.
        if (!Capture.Named(name).File.Datagrams.Any(x => x.IsTruncated))
        {
            Assert.Equal(
                lines.Where(x => x.Kind == "msg").Select(x => $"{name} {x.FrameNumber} {x.Fields}"),
                taken.SelectMany(x => DissectedMessages.Of(x).Select(y => $"{name} {x.Number} {y}")),
                StringComparer.Ordinal);
        }
    }
}
