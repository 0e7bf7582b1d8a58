using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Totem.Core.Groups;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Tests.Captures;
using Totem.Tests.Core.Wire;
using Capture = Totem.Tests.Captures.Capture;

namespace Totem.Tests.Groups;

/// <summary>
/// The group and synchronisation messages of real corosync rings: each is read as the independent decode says, and
/// written again byte for byte but for what corosync leaves undefined (padding, bytes behind a name, the opaque half of
/// a source).
/// </summary>
public sealed partial class GoldenGroupMessageTests
{
    private sealed record ServiceMessage(ProcessorId From, MessageChannel Channel, byte[] Bytes);

    public static TheoryData<string> Captures =>
        [.. Capture.Names.Where(x => !x.EndsWith("-g-partial", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_message_is_read_as_the_decode_says(string name)
    {
        var expected = Capture.Named(name).Lines.Where(x => x.Kind == "msg").Select(x => x.Fields)
            .Where(x => Known().IsMatch(x)).Select(Relevant).ToList();
        var actual = MessagesOf(name).Select(Describe).OfType<string>().ToList();
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Every_message_is_written_as_corosync_writes_it()
    {
        var written = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var message in Capture.Names.Where(x => !x.EndsWith("-g-partial", StringComparison.Ordinal))
            .SelectMany(MessagesOf))
        {
            if (Rewrite(message) is not { } again)
                continue;
            var kind = $"{message.Channel} {ServiceFormat.I32(message.Bytes, 0):X}";
            written[kind] = written.GetValueOrDefault(kind) + 1;
            Assert.Equal(Convert.ToHexString(Defined(message.Bytes)), Convert.ToHexString(Defined(again)));
        }

        Assert.Equal(
            ["Services 20000", "Services 20001", "Services 20002", "Services 20003", "Services 50000", "Sync "
                + "0", "Sync 1"],
            written.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_service_build_of_corosync_looks_like_ours()
    {
        var builds = Capture.Names.Where(x => !x.EndsWith("-g-partial", StringComparison.Ordinal))
            .SelectMany(MessagesOf)
            .Where(x => x.Channel == MessageChannel.Sync && SyncMessage.IsServiceBuild(x.Bytes)).ToList();
        Assert.InRange(builds.Count, 50, 1000);
        Assert.DoesNotContain(builds, x => SyncMessage.IsOurs(x.Bytes));
        Assert.True(SyncMessage.IsOurs(SyncMessage.ServiceBuild(new RingId(new ProcessorId(1), 5), [2], isOurs: true)));
    }

    [Fact]
    public void A_part_of_a_long_message_is_read_and_written()
    {
        // The capture is cut at 400 bytes, which is more than the header.
        var frame = Capture.Frame("udp-g-partial", 9);
        var message = frame.AsSpan(60);
        Assert.Equal(ServiceFormat.PartId, ServiceFormat.I32(message, 0));
        var written = new byte[ServiceFormat.PartHeaderBytes];
        var member = new GroupMembership(
            new GroupName(ServiceFormat.Name(message, ServiceFormat.MemberNameOffset)),
            ServiceFormat.U32(message, ServiceFormat.PartPidOffset), 1, null);
        CorosyncEncoding.WritePart(written, new ProcessorId(1), member, MessagePart.First, 1_100_000, 1_047_552);
        foreach (var (offset, length) in (ReadOnlySpan<(int, int)>)[(0, 4), (8, 4), (16, 4), (24, 5), (152, 4),
            (160, 4), (168, 4), (176, 4), (184, 4)])
            Assert.Equal(Convert.ToHexString(message.Slice(offset, length)),
                Convert.ToHexString(written.AsSpan(offset, length)));
    }

    private static IEnumerable<ServiceMessage> MessagesOf(string capture)
    {
        var unpackers = new Dictionary<RingId, Unpacker>();
        var seen = new HashSet<(RingId, Seq)>();
        var messages = new List<ServiceMessage>();
        foreach (var datagram in Capture.Named(capture).File.Datagrams)
        {
            if (AnyFrame.Read(datagram.Payload) is not MessageFrame frame)
                continue;
            if (frame.Header.Encapsulation == Totem.Core.Wire.Encapsulation.Encapsulated)
                frame = (MessageFrame)AnyFrame.Read(frame.Payload.Items);
            if (!seen.Add((frame.Message.Ring, frame.Message.Seq)))
                continue;
            if (!unpackers.TryGetValue(frame.Message.Ring, out var unpacker))
                unpackers.Add(frame.Message.Ring, unpacker = new Unpacker(2 << 20));
            byte[] packet = frame.Payload.Items;
            unpacker.TryOpen(frame.Message.System, packet, swapped: false);
            while (unpacker.TryNext(packet, out var message, out _))
                messages.Add(new ServiceMessage(
                    frame.Message.System, MessageAddress.Strip(message, false, out var payload), payload.ToArray()));
        }

        return messages;
    }

    private static string? Describe(ServiceMessage message)
    {
        if (message.Channel == MessageChannel.Sync)
        {
            return SyncMessage.IsServiceBuild(message.Bytes)
                ? $"from={message.From} service_build ring={SyncMessage.Ring(message.Bytes)} "
                    + $"list={string.Join(',', SyncMessage.Services(message.Bytes))}"
                : SyncMessage.IsBarrier(message.Bytes)
                ? $"from={message.From} barrier ring={SyncMessage.Ring(message.Bytes)}"
                : "?";
        }

        if (CorosyncEncoding.IsJoinList(message.Bytes))
        {
            var list = CorosyncEncoding.ReadJoinList(message.Bytes, message.From)
                .Select(x => $"({x.Entry.Member.Pid}, '{x.Name}')");
            return $"from={message.From} joinlist {string.Join(", ", list)}";
        }

        if (!CorosyncEncoding.TryRead(message.Bytes, out var read))
            return null;
        var group = Encoding.ASCII.GetString(read.Name);
        return read.Kind switch
        {
            GroupMessageKind.Join => $"from={message.From} procjoin {group} {read.Pid} {(int)read.Reason}",
            GroupMessageKind.Leave => $"from={message.From} procleave {group} {read.Pid} {(int)read.Reason}",
            _ => $"from={message.From} mcast {group} {read.Pid} {read.Payload.Length}",
        };
    }

    private static byte[]? Rewrite(ServiceMessage message)
    {
        var bytes = message.Bytes;
        if (message.Channel == MessageChannel.Sync)
        {
            return SyncMessage.IsBarrier(bytes)
                ? SyncMessage.Barrier(SyncMessage.Ring(bytes))
                : SyncMessage.ServiceBuild(SyncMessage.Ring(bytes), SyncMessage.Services(bytes), isOurs: false);
        }

        if (CorosyncEncoding.IsJoinList(bytes))
            return CorosyncEncoding.JoinList(CorosyncEncoding.ReadJoinList(bytes, message.From));
        if (ServiceFormat.I32(bytes, 0) == ServiceFormat.NodeInfoId && ServiceFormat.U32(bytes, 28) == 0
            && ServiceFormat.U32(bytes, 16) != 0)
            return CorosyncEncoding.NodeInfo(
                message.From, (int)ServiceFormat.U32(bytes, 20), (int)ServiceFormat.U32(bytes, 24));
        if (!CorosyncEncoding.TryRead(bytes, out var read))
            return null;
        var member = new GroupMembership(new GroupName(read.Name), read.Pid, 1, null);
        var written = new byte[bytes.Length];
        if (read.Kind is GroupMessageKind.Join or GroupMessageKind.Leave)
        {
            CorosyncEncoding.WriteMember(written, read.Kind == GroupMessageKind.Join, member, read.Reason);
            return written;
        }

        CorosyncEncoding.WriteMessage(
            written.AsSpan(0, ServiceFormat.MessageHeaderBytes), message.From, member, read.Payload.Length);
        read.Payload.CopyTo(written.AsSpan(ServiceFormat.MessageHeaderBytes));
        return written;
    }

    /// <summary>The message with everything undefined set to 0.</summary>
    private static byte[] Defined(byte[] message)
    {
        var defined = (byte[])message.Clone();
        void Clear(int offset, int length) => defined.AsSpan(offset, length).Clear();
        void ClearName(int offset)
        {
            Clear(offset + 4, 4);
            var length = (int)ServiceFormat.U32(message, offset);
            Clear(offset + 8 + length, GroupName.MaxBytes - length);
        }

        Clear(4, 4);
        Clear(12, 4);
        switch (ServiceFormat.I32(message, 0))
        {
            case ServiceFormat.JoinId or ServiceFormat.LeaveId:
                ClearName(ServiceFormat.MemberNameOffset);
                Clear(156, 4);
                Clear(164, 4);
                break;
            case ServiceFormat.JoinListId:
                Clear(20, 4);
                for (var at =
                    ServiceFormat.JoinListHeaderBytes; at < message.Length; at += ServiceFormat.JoinListEntryBytes)
                {
                    Clear(at + 4, 4);
                    ClearName(at + ServiceFormat.JoinListNameOffset);
                }

                break;
            case ServiceFormat.MessageId:
                ClearName(ServiceFormat.MemberNameOffset);
                Clear(156, 4);
                Clear(164, 4);
                Clear(172, 12);
                break;
            case ServiceFormat.BarrierId:
                Clear(28, 4);
                break;
            case ServiceFormat.ServiceBuildId:
                Clear(28, 4);
                Clear(36, 4);
                break;
            default:
                break;
        }

        return defined;
    }

    /// <summary>A line of the decode in the words of <see cref="Describe"/>.</summary>
    private static string Relevant(string fields)
    {
        var from = fields[..fields.IndexOf(' ', StringComparison.Ordinal)];
        string Field(string name) => Regex.Match(
            fields, $@"\b{name}='?(?<value>[^' ]*)", RegexOptions.ExplicitCapture,
            TimeSpan.FromSeconds(10)).Groups["value"].Value;
        if (fields.Contains("service_build", StringComparison.Ordinal))
            return $"{from} service_build ring={Field("ring")} "
                + $"list={Between(fields, '(', ')').Replace(" ", "", StringComparison.Ordinal).TrimEnd(',')}";
        if (fields.Contains("barrier", StringComparison.Ordinal))
            return $"{from} barrier ring={Field("ring")}";
        if (fields.Contains("joinlist", StringComparison.Ordinal))
            return $"{from} joinlist {Between(fields, '[', ']')}";
        var group = Field("group");
        return fields.Contains("mcast", StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"{from} mcast {group} {Field("pid")} {Field("msglen")}")
            : $"{from} {(fields.Contains("procjoin", StringComparison.Ordinal) ? "procjoin" : "procleave")} {group} "
                + $"{Field("pid")} {Field("reason")}";
    }

    private static string Between(string text, char first, char last) =>
        text[(text.IndexOf(first, StringComparison.Ordinal) + 1)..text.IndexOf(last, StringComparison.Ordinal)];

    [GeneratedRegex("barrier|service_build|CPG (procjoin|procleave|joinlist|mcast)", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Known();
}
