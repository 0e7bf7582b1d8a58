using System.Buffers.Binary;
using Totem.Core.Wire;
using Totem.Simulation.Fuzz;
using Totem.Tests.Captures;
using Totem.Tests.Fuzz;
using Totem.Tests.Requirements;

namespace Totem.Tests.Wireshark;

/// <summary>Frames that contradict themselves: each is called malformed, and none raises a Lua
/// error (every run asserts that).</summary>
public sealed class DissectorMalformedTests
{
    private const int MutatedCount = 15_000;

    // Shorter ones do not say what they are.
    private const int RecognisedBytesMin = 4;

    [PackageFact("tshark")]
    public async Task Every_frame_that_is_cut_short_is_malformed()
    {
        var whole = Capture.Names.SelectMany(x => Capture.Named(x).File.Datagrams).Where(x => !x.IsTruncated)
            .Select(x => x.Payload)
            .Where(x => x.Length < 700).DistinctBy(x => (x[3], x[4], x.Length))
            .DistinctBy(x => (x[3], x[4], x.Length / 60)).ToList();
        Assert.True(whole.Count > 20, $"{whole.Count} frames to cut");
        var cut = whole.SelectMany(x => Lengths(x.Length).Select(length => x[..length])).ToList();
        var frames = await Tshark.DissectAsync(cut, []);

        Assert.Equal(cut.Count, frames.Count);
        var accepted = frames.FirstOrDefault(x => !x.IsMalformed);
        Assert.True(accepted is null, $"{accepted}: {Convert.ToHexString(cut[(accepted?.Number ?? 1) - 1])}");
    }

    [PackageFact("tshark")]
    public async Task Mutated_frames_raise_no_error()
    {
        var mutator = new FrameMutator(
            [.. FuzzSeeds.All, .. ServiceMessages().Select(x => x.Frame)], FuzzSettings.Seed);
        var mutated = Enumerable.Range(0, MutatedCount).Select(x => mutator.Next((ulong)x).ToArray())
            .Where(x => x.Length <= 65_507 - 60).ToList();
        var frames = await Tshark.DissectAsync(mutated, []);
        var malformed = frames.Count(x => x.IsMalformed);

        Assert.Equal(mutated.Count, frames.Count);
        Assert.True(malformed > MutatedCount / 5, $"{malformed} of {mutated.Count} frames are malformed");
        Assert.True(frames.Count(x => x.IsTotem) > malformed, "some mutations leave a frame as it may be");
    }

    [PackageFact("tshark")]
    public async Task A_frame_that_contradicts_itself_is_malformed()
    {
        var cases = Frames().Concat(ServiceMessages()).ToList();
        var frames = await Tshark.DissectAsync(cases.Select(x => x.Frame), []);

        Assert.Equal(cases.Count, frames.Count);
        foreach (var (frame, (name, _)) in frames.Zip(cases))
        {
            Assert.True(frame.IsMalformed, $"{name}: {frame}");
            Assert.EndsWith("[malformed]", frame.Info, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<int> Lengths(int whole) =>
        Enumerable.Range(RecognisedBytesMin, whole - RecognisedBytesMin)
            .Where(x => x < 80 || x % 7 == 0 || x == whole - 1);

    private static IEnumerable<(string Name, byte[] Frame)> Frames()
    {
        yield return ("a kind that does not exist", With(Real(FrameKind.HoldCancel), 3, 7));
        yield return ("a message that is neither regular nor encapsulated", With(Real(FrameKind.RegularMessage), 4, 7));
        yield return ("31 requests", [.. With32(Real(FrameKind.RegularToken), 53, 31), .. new byte[31 * 16]]);
        yield return ("-1 requests", With32(Real(FrameKind.RegularToken), 53, uint.MaxValue));
        yield return ("a request too few", With32(Real(FrameKind.RegularToken), 53, 1));
        yield return ("a join of more than there are", With32(Real(FrameKind.Join), 17, 500));
        yield return ("a join of 2^32 - 1", With32(Real(FrameKind.Join), 17, uint.MaxValue));
        yield return ("a join with too many failed", With32(Real(FrameKind.Join), 21, 9));
        yield return ("a commit token with more entries filled in than there are",
            With32(Real(FrameKind.CommitToken), 33, 9));
        yield return ("a commit token of -1 members", With32(Real(FrameKind.CommitToken), 37, uint.MaxValue));
        yield return ("a commit token of 2^31 - 1 members", With32(Real(FrameKind.CommitToken), 37, int.MaxValue));
        yield return ("a join trailer that runs over", [.. Real(FrameKind.Join), .. "TOTJ"u8, 9, 0, 0, 0]);
        yield return ("a merge trailer that runs over", [.. Real(FrameKind.MergeDetect), .. "TOTH"u8, 0, 0, 7, 0]);
        yield return ("an encapsulated token", TestPacket.Encapsulate(Real(FrameKind.RegularToken), default, 1, 1));
        yield return ("an encapsulated nothing", TestPacket.Encapsulate(new byte[60], default, 1, 1));
        yield return ("an encapsulated encapsulated message", TestPacket.Encapsulate(
            TestPacket.Encapsulate(Real(FrameKind.RegularMessage), default, 1, 1), default, 1, 2));
        var packet = new TestPacket(1, 100, 1, TestPacket.ForGroup("t", new byte[30])).Encode();
        yield return ("a packet of another version", With(packet, 45, 1));
        yield return ("a packet without pieces", With(packet, 51, 0));
        yield return ("a packet of 65535 pieces", With(With(packet, 51, 255), 52, 255));
        yield return ("a piece too long", With(packet, 53, (byte)(packet[53] + 1)));
        yield return ("a piece too short", With(packet, 53, (byte)(packet[53] - 1)));
        yield return ("bytes behind the packet", [.. packet, 0]);
    }

    private static IEnumerable<(string Name, byte[] Frame)> ServiceMessages()
    {
        var seq = 200u;
        (string, byte[]) Message(string name, byte[] message) =>
            (name, new TestPacket(1, seq++, seq, message).Encode());
        (string, byte[]) Service(string name, uint id, byte[] body, int? announced = null) =>
            Message(name, TestPacket.ForService("a", id, body, announced: announced));
        byte[] Mcast(uint length) =>
            [.. TestPacket.Name("group"), .. TestPacket.U32(length), .. new byte[28], 1, 2, 3, 4];

        yield return Message("no groups' names", [9, 0, 200, 0]);
        yield return Message("a group's name that runs over", [1, 0, 200, 0, 97]);
        yield return Message("a service message without a header", TestPacket.ForGroup("a", new byte[10]));
        yield return Service("a size too large", 0x0001_0002, [], announced: 17);
        yield return Service("a size too small", 0x0002_0003, Mcast(4), announced: 16);
        yield return Service("a payload too long", 0x0002_0003, Mcast(5));
        yield return Service("a payload of 2^32 - 1", 0x0002_0003, Mcast(uint.MaxValue));
        yield return Service("a name of 129 bytes", 0x0002_0000,
            [.. TestPacket.Name("group", announced: 129), .. new byte[16]]);
        yield return Service("half a member in a joinlist", 0x0002_0002, new byte[8 + 100]);
        yield return Service("a downlist of 400", 0x0002_0005,
            [0, 0, 0, 0, 0, 0, 0, 0, 144, 1, 0, 0, .. new byte[1540]]);
        yield return Service("half a nodeinfo", 0x0005_0000, new byte[10]);
        yield return Service("a key of 257 bytes", 0x0000_0000, [.. CmapHeader(), 1, 1, .. new byte[278]]);
        yield return Service("a value of 255 bytes", 0x0000_0000,
            [.. CmapHeader(), .. new byte[272], 255, .. new byte[7]]);
        yield return Service("a reason of 257 bytes", 0x0001_0001, [.. new byte[8], 1, 1, .. new byte[262]]);
        yield return Message("129 services",
            TestPacket.ForService("sync", 1, [.. new byte[16], 129, .. new byte[519]]));
        yield return Message("half a barrier", TestPacket.ForService("sync", 0, new byte[11]));
    }

    private static byte[] CmapHeader() => [.. new byte[8], 1, .. new byte[23]];

    /// <summary>The first frame of this kind in a capture.</summary>
    private static byte[] Real(FrameKind kind) =>
        new[] { "udp-b-cpg", "udp-a-formation" }.SelectMany(x => Capture.Named(x).File.Datagrams).Select(x => x.Payload)
            .First(x => x[3] == (byte)kind).ToArray();

    private static byte[] With(byte[] frame, int offset, byte value)
    {
        var changed = (byte[])frame.Clone();
        changed[offset] = value;
        return changed;
    }

    private static byte[] With32(byte[] frame, int offset, uint value)
    {
        var changed = (byte[])frame.Clone();
        BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(offset), value);
        return changed;
    }
}
