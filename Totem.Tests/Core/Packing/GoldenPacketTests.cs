using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Totem.Core.Packing;
using Totem.Core.Wire;
using Totem.Tests.Core.Wire;
using Capture = Totem.Tests.Captures.Capture;

namespace Totem.Tests.Core.Packing;

/// <summary>The packets of real corosync rings, taken apart and put together: every message of the
/// independent decode comes out.</summary>
public sealed partial class GoldenPacketTests
{
    private const int MaxMessageBytes = 2 * 1024 * 1024;

    // WIRE §13: what stands before every message of a service, after its group addresses.
    private const int ServiceSizeOffset = 8;

    /// <summary>The captures with whole packets; two are cut at 400 bytes.</summary>
    private static IEnumerable<string> Names =>
        Capture.Names.Where(x => !x.EndsWith("-g-partial", StringComparison.Ordinal));

    public static TheoryData<string> Captures => [.. Names];

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_message_comes_out_at_the_packet_that_completes_it(string name)
    {
        var expected = Capture.Named(name).Lines.Where(x => x.Kind == "msg")
            .Select(x => (x.FrameNumber, Shortened(x.Fields))).ToList();
        var actual = new Replay().Messages(Capture.Named(name));

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void The_captures_hold_small_and_large_messages()
    {
        var messages = Names.SelectMany(x => new Replay().Messages(Capture.Named(x))).ToList();

        Assert.InRange(messages.Count, 1400, 1500);
        Assert.Contains(messages, x => x.Message.EndsWith("size=100184/100184", StringComparison.Ordinal));
    }

    /// <summary>A line of the decode without what the services say in their messages.</summary>
    private static string Shortened(string fields)
    {
        var match = MessageLine().Match(fields);
        Assert.True(match.Success, fields);
        return $"from={match.Groups["from"]} {match.Groups["group"]} size={match.Groups["size"]}";
    }

    [GeneratedRegex(@"^from=(?<from>\d+) (?<group>\w+) .*size=(?<size>\d+/\d+)", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex MessageLine();

    /// <summary>Unpacks each ring's messages in the order in which they were first seen, copies and
    /// repetitions left out.</summary>
    private sealed class Replay
    {
        private readonly Dictionary<RingId, Unpacker> _rings = [];
        private readonly HashSet<(RingId, Seq)> _seen = [];

        public List<(int FrameNumber, string Message)> Messages(Capture capture)
        {
            var messages = new List<(int, string)>();
            foreach (var datagram in capture.File.Datagrams)
            {
                if (AnyFrame.Read(datagram.Payload) is MessageFrame frame)
                    messages.AddRange(Messages(frame).Select(x => (datagram.FrameNumber, x)));
            }

            return messages;
        }

        private List<string> Messages(MessageFrame frame)
        {
            if (frame.Header.Encapsulation == Encapsulation.Encapsulated)
                return Messages((MessageFrame)AnyFrame.Read(frame.Payload.Items));
            var messages = new List<string>();
            if (!_seen.Add((frame.Message.Ring, frame.Message.Seq)))
                return messages;
            if (!_rings.TryGetValue(frame.Message.Ring, out var unpacker))
                _rings.Add(frame.Message.Ring, unpacker = new Unpacker(MaxMessageBytes));

            byte[] packet = frame.Payload.Items;
            Assert.True(unpacker.TryOpen(frame.Message.System, packet, frame.Header.Swapped));
            while (unpacker.TryNext(packet, out var message, out var index))
            {
                Assert.Equal(messages.Count, index);
                messages.Add($"from={frame.Message.System} {Describe(message)}");
            }

            Assert.Null(unpacker.Discarded);
            return messages;
        }

        private static string Describe(ReadOnlySpan<byte> message)
        {
            Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(message));
            var groupBytes = BinaryPrimitives.ReadUInt16LittleEndian(message[2..]);
            var group = Encoding.ASCII.GetString(message.Slice(4, groupBytes));
            var content = message[(4 + groupBytes)..];
            return $"{group} "
                + $"size={BinaryPrimitives.ReadUInt32LittleEndian(content[ServiceSizeOffset..])}/{content.Length}";
        }
    }
}
