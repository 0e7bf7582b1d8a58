using System.Net;
using Microsoft.Extensions.Logging;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Transports;
using Totem.Transport.Udp.Transports.Plain;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>Bursts that go to the kernel and come from it as one piece: every datagram arrives
/// whole, in order, and once.</summary>
public sealed class SegmentationTests
{
    private const int MessageBytes = 1400;
    private const int DatagramBytesMax = 65_507;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    /// <summary>EIO, EOPNOTSUPP; EINVAL, EMSGSIZE.</summary>
    public static TheoryData<int, int> RefusalsAndTries => new() { { 5, 1 }, { 95, 1 }, { 22, 8 }, { 90, 8 } };

    /// <summary>Opens the transport of a processor, wherever that is.</summary>
    internal delegate UdpTransport Opener(uint id, UdpTransportOptions options, NodeCounters counters, ILogger? logger);

    private static ProcessorId P(uint id) => new(id);

    /// <summary>A frame that says in every byte who it is.</summary>
    internal static byte[] Frame(int number, int length, FrameKind kind = FrameKind.RegularMessage)
    {
        var frame = new byte[length];
        for (var i = 0; i < length; i++)
            frame[i] = (byte)((number * 31) + (i * 7));
        frame[3] = (byte)kind;
        return frame;
    }

    /// <summary>500 frames of one size, odd ones among them, and a token for the second processor
    /// after every fortieth.</summary>
    private static List<(ProcessorId Destination, byte[] Bytes)> Visits()
    {
        var all = new List<(ProcessorId, byte[])>();
        for (var i = 0; i < 500; i++)
        {
            all.Add((ProcessorId.None, Frame(i, MessageBytes)));
            if (i % 37 == 0)
                all.Add((ProcessorId.None, Frame(i, 1 + (i % 13) + 4)));
            if (i % 53 == 0)
                all.Add((ProcessorId.None, Frame(i, MessageBytes + 1 + i)));
            if (i % 40 == 39)
                all.Add((P(2), Frame(i, 70, FrameKind.RegularToken)));
        }

        all.Add((ProcessorId.None, Frame(500, DatagramBytesMax)));
        return all;
    }

    private static void Send(UdpTransport sender, List<(ProcessorId Destination, byte[] Bytes)> frames)
    {
        foreach (var (destination, bytes) in frames)
        {
            bytes.CopyTo(sender.NextFrame);
            sender.Send(new Transmit(destination, bytes.Length), default);
        }

        sender.Flush();
    }

    private static List<byte[]> Receive(UdpTransport receiver, int count)
    {
        var all = new List<byte[]>();
        while (all.Count < count)
        {
            if (receiver.TryReceive(out var frame))
                all.Add(frame.ToArray());
            else
                receiver.Wait(Long);
        }

        return all;
    }

    private static UdpTransportOptions Unicast(int port) => new()
    {
        Kind = UdpTransportKind.Unicast,
        Peers = [.. Enumerable.Range(0, 3)
            .Select(i => new UdpPeer(P((uint)i + 1), new IPEndPoint(IPAddress.Loopback, port + i)))],
    };

    private static UdpTransportOptions Multicast(int port) => new()
    {
        Kind = UdpTransportKind.Multicast,
        Group = IPAddress.Parse($"239.192.78.{port % 250}"),
        GroupPort = port,
        Peers = [.. Enumerable.Range(1, 3)
            .Select(i => new UdpPeer(P((uint)i), new IPEndPoint(IPAddress.Parse($"127.0.0.{i}"), port)))],
    };

    /// <summary>A datagram that one sends arrives at both others; a token at the second only.</summary>
    internal static (NodeCounters Sender, NodeCounters Receiver) SendAndCompare(
        UdpTransportOptions sending, UdpTransportOptions receiving, ILogger? logger = null, Opener? opener = null,
        byte[][]? first = null)
    {
        opener ??= (id, options, counters, log) => UdpTransport.Open(options, P(id), counters, log);
        var (sent, received) = (new NodeCounters(), new NodeCounters());
        using var a = opener(1, sending, sent, logger);
        using var b = opener(2, receiving, received, null);
        using var c = opener(3, receiving, new NodeCounters(), null);
        List<(ProcessorId Destination, byte[] Bytes)> frames =
            [.. (first ?? []).Select(frame => (ProcessorId.None, frame)), .. Visits()];

        Send(a, frames);

        var isOneSocket = sending.Kind == UdpTransportKind.Unicast;
        var (messages, tokens) = (Receive(b, frames.Count),
            frames.Where(frame => !frame.Destination.IsNone).Select(frame => frame.Bytes).ToList());
        var multicasts = frames.Where(frame => frame.Destination.IsNone).Select(frame => frame.Bytes).ToList();
        if (isOneSocket)
            Assert.Equal(frames.Select(frame => frame.Bytes), messages);
        Assert.Equal(multicasts, messages.Where(frame => frame[3] == (byte)FrameKind.RegularMessage));
        Assert.Equal(tokens, messages.Where(frame => frame[3] == (byte)FrameKind.RegularToken));
        Assert.Equal(multicasts, Receive(c, multicasts.Count));
        Assert.False(b.TryReceive(out _));
        Assert.False(c.TryReceive(out _));
        Assert.Equal(0, sent.DatagramsLostBySystem);
        Assert.Equal((frames.Count - tokens.Count) * (isOneSocket ? 2 : 1) + tokens.Count, sent.DatagramsSent);
        Assert.Equal(frames.Count, received.DatagramsReceived);
        return (sent, received);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_burst_goes_out_and_comes_in_together(bool isMulticast)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var port = Ports.TakeBase();
        var options = isMulticast ? Multicast(port) : Unicast(port);

        var (sent, received) = SendAndCompare(options, options);

        Assert.Equal(0, sent.SegmentationRefused);
        // The tokens and the odd ones cut the bursts; the rest goes together, to each of two on a unicast ring.
        Assert.InRange(sent.DatagramsSentTogether, 450 * (isMulticast ? 1 : 2), sent.DatagramsSent);
        Assert.InRange(received.DatagramsReceivedTogether, 450, received.DatagramsReceived);
        Assert.InRange(sent.SendCalls, 1, 10);
        Assert.InRange(received.ReceiveCalls, 1, 40);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_offload_the_same_arrives_one_by_one(bool isMulticast)
    {
        var port = Ports.TakeBase();
        var options = (isMulticast ? Multicast(port) : Unicast(port)) with { SegmentationOffload = false };

        var (sent, received) = SendAndCompare(options, options);

        Assert.Equal((0, 0), (sent.DatagramsSentTogether, received.DatagramsReceivedTogether));
    }

    [Fact]
    public void A_receiver_that_cannot_take_a_burst_gets_it_cut()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var options = Unicast(Ports.TakeBase());

        var (sent, _) = SendAndCompare(options, options with { Path = DatagramPath.Portable });

        Assert.InRange(sent.DatagramsSentTogether, 900, sent.DatagramsSent);
    }

    [Fact]
    public void The_portable_path_sends_the_same()
    {
        var options = Unicast(Ports.TakeBase());

        SendAndCompare(options with { Path = DatagramPath.Portable }, options);
    }

    [Theory]
    [MemberData(nameof(RefusalsAndTries))]
    public void Datagrams_refused_together_are_sent_apart(int error, int tries)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var options = Unicast(Ports.TakeBase());
        var log = new Lines();

        var (sent, _) = SendAndCompare(options with { SegmentationRefusal = error }, options, log);

        Assert.Equal(0, sent.DatagramsSentTogether);
        // The first two say it all. The others can be about the size, so a few smaller ones are tried.
        Assert.InRange(sent.SegmentationRefused, 1, tries);
        Assert.Single(log.All, line => line.Contains("Segmentation", StringComparison.Ordinal));
    }

    [Fact]
    public void Datagrams_that_found_the_buffer_full_are_counted()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var options = Unicast(Ports.TakeBase());
        var received = new NodeCounters();
        using var a = UdpTransport.Open(options with { SegmentationOffload = false }, P(1), new NodeCounters());
        using var b = UdpTransport.Open(options with { ReceiveBufferBytes = 1 << 16 }, P(2), received);
        const int Count = 1000;

        Send(a, [.. Enumerable.Range(0, Count).Select(i => (P(2), Frame(i, MessageBytes)))]);
        while (b.TryReceive(out _))
        {
        }

        // The next one that finds room brings the number.
        Assert.InRange(received.DatagramsReceived, 1, Count - 1);
        Send(a, [(P(2), Frame(0, 10))]);
        Receive(b, 1);
        Assert.Equal(Count + 1, received.DatagramsReceived + received.DatagramsDropped);
    }

    private sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState,
            Exception?, string> formatter)
            => All.Add(formatter(state, exception));
    }
}
