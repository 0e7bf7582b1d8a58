using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Totem.Core.Model;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Wire;
using Xunit.Abstractions;

namespace Totem.Transport.Udp.Tests.Knet;

/// <summary>
/// A running ring and a process that wants to harm it, on real sockets (docs/security.md). Three members exchange
/// messages all the while, and one order of them all is asserted. <c>TOTEM_KNET_HOSTILE=N</c> sends N datagrams;
/// <c>TOTEM_KNET_FLOOD_SECONDS=N</c> floods for so long.
/// </summary>
public sealed class HostileTests(ITestOutputHelper output)
{
    /// <summary>More than that has grown, whatever the collector was about to do.</summary>
    private const long GrowthMax = 16 << 20;

    private static readonly int Count = Setting("TOTEM_KNET_HOSTILE", 30_000);
    private static readonly int FloodSeconds = Setting("TOTEM_KNET_FLOOD_SECONDS", 3);
    private static readonly uint[] Three = [1, 2, 3];

    [Theory]
    [InlineData(AeadRule.Refused)]
    [InlineData(AeadRule.Preferred)]
    [InlineData(AeadRule.Required)]
    public async Task Without_the_key_whatever_is_sent_no_view_changes_and_the_order_stands(AeadRule aead)
    {
        var recorder = new DatagramRecorder();
        await using var ring = await StartAsync(aead, recorder);
        await ring.ExchangeAsync(50);
        var views = ring.ViewChanges();
        var recorded = recorder.End();
        var random = new Random(1);
        using var sender = new HostileSender(ring, Three);
        var buffer = new byte[70_000];
        var memory = GC.GetTotalMemory(forceFullCollection: true);

        await AttackAsync(ring, sender, () => Mutated(recorded[random.Next(recorded.Length)], buffer, random));

        AssertGrowth(memory);
        Assert.Equal(views, ring.ViewChanges());
        // Without a valid MAC or tag no packet is looked into.
        KnetDiscard[] looked = [KnetDiscard.BadFragment, KnetDiscard.UnknownChannel, KnetDiscard.BadCompression];
        Assert.All(ring.Nodes, x => Assert.All(looked, y => Assert.Equal(0, KnetRing.Count(x, y))));
        if (aead == AeadRule.Refused)
            Assert.All(ring.Nodes, x => Assert.True(KnetRing.Count(x, KnetDiscard.Duplicate) > 0));
        else
            Assert.All(ring.Nodes, x => Assert.True(KnetRing.Count(x, KnetDiscard.Replayed) > 0));
    }

    /// <summary>In libknet's format a holder of the key can be anybody; members that speak ours with each other are
    /// deaf to it (docs/security.md).</summary>
    [Theory]
    [InlineData(AeadRule.Preferred)]
    [InlineData(AeadRule.Required)]
    public async Task With_the_key_and_lies_in_libknets_format_nobody_of_ours_is_moved(AeadRule aead)
    {
        await using var ring = await StartAsync(aead);
        await ring.ExchangeAsync(50);
        var views = ring.ViewChanges();
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        using var liar = new Liar(ring.KeyFile);
        using var sender = new HostileSender(ring, Three);

        await AttackAsync(ring, sender, liar.Compose);

        AssertGrowth(memory);
        Assert.Equal(views, ring.ViewChanges());
        var reason = aead == AeadRule.Required ? KnetDiscard.NotAuthentic : KnetDiscard.Downgraded;
        Assert.All(ring.Nodes, x => Assert.True(KnetRing.Count(x, reason) > 0));
    }

    /// <summary>Members trust each other, so a view may change; no member stops, none grows, and when the liar is gone
    /// the ring is whole.</summary>
    [Fact]
    public async Task With_the_key_and_lies_among_members_that_speak_libknets_format_none_stops()
    {
        await using var ring = await StartAsync(AeadRule.Refused);
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        using var liar = new Liar(ring.KeyFile);
        using var sender = new HostileSender(ring, Three);
        for (var i = 0; i < Count; i++)
        {
            foreach (var victim in Three)
                sender.Send((int)(victim % 3), KnetRing.AddressOf(victim, 0), liar.Compose().Span);
            if (i % 100 == 0)
                await Task.Yield();
        }

        await ring.TogetherAsync();
        await ring.ExchangeAsync(100);
        AssertGrowth(memory);
        Assert.All(ring.Nodes, x => Assert.False(x.Completion.IsCompleted));
        KnetDiscard[] expected =
        [
            KnetDiscard.UnaskedPong, KnetDiscard.UnaskedProbeReply, KnetDiscard.BadFragment,
            KnetDiscard.UnknownChannel, KnetDiscard.Misdirected, KnetDiscard.UnknownLink, KnetDiscard.UnknownPeer,
        ];
        Assert.All(
            ring.Nodes, x => Assert.All(expected, y => Assert.True(KnetRing.Count(x, y) > 0, $"{x.Id}: no {y}")));
    }

    [Fact]
    public async Task A_flood_of_50000_invalid_packets_a_second_changes_no_view()
    {
        const int perSecond = 50_000, atOnce = 250;
        await using var ring = await StartAsync(AeadRule.Preferred);
        await ring.ExchangeAsync(50);
        var views = ring.ViewChanges();
        var before = KnetRing.Count(ring[1], KnetDiscard.NotAuthentic);
        using var sender = new HostileSender(ring, [3]);
        var packet = RandomNumberGenerator.GetBytes(300);
        using var isOver = new CancellationTokenSource();
        var sent = 0L;
        var flood = new Thread(() =>
        {
            var began = Stopwatch.GetTimestamp();
            for (sent = 0; sent < (long)FloodSeconds * perSecond; sent += atOnce)
            {
                for (var i = 0; i < atOnce; i++)
                    sender.Send(0, KnetRing.AddressOf(1, 0), packet);
                // The pace of an attacker, not of a test.
                var due = TimeSpan.FromSeconds((double)sent / perSecond) - Stopwatch.GetElapsedTime(began);
                if (due > TimeSpan.Zero)
                    isOver.Token.WaitHandle.WaitOne(due);
            }

            output.WriteLine($"{sent} packets in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
            isOver.Cancel();
        });
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        flood.Start();
        while (!isOver.IsCancellationRequested)
            await ring.ExchangeAsync(20);
        flood.Join();

        AssertGrowth(memory);
        Assert.Equal(views, ring.ViewChanges());
        var counted = KnetRing.Count(ring[1], KnetDiscard.NotAuthentic) - before;
        output.WriteLine($"{counted} of {sent} were read and counted, the system dropped "
            + $"{ring[1].Statistics.DatagramsDropped}");
        Assert.InRange(counted, 1, sent);
        await ring.LoggedAsync(NotAuthenticEvent, "", 1);
    }

    /// <summary>Forged reports that nobody listens at the other end: the kernel believes them
    /// (docs/security.md).</summary>
    [RootOnlyFact]
    public async Task Forged_icmp_takes_a_link_down_at_most_and_with_two_links_no_view_changes()
    {
        await using var ring = new KnetRing();
        ring.Wanted = ring.Transport(Three, 0, 1);
        await ring.StartAsync(Three);
        await ring.TogetherAsync();
        await ring.LoggedAsync(LinkUpEvent, "link 1 to node", Three);
        await ring.ExchangeAsync(50);
        var views = ring.ViewChanges();
        using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp);
        var report = Unreachable(KnetRing.AddressOf(1, 0), KnetRing.AddressOf(2, 0), ring.Port);
        for (var i = 0; i < 3000; i++)
        {
            await raw.SendToAsync(report, new IPEndPoint(KnetRing.AddressOf(1, 0), 0), ring.Limit);
            // Something is heard of the member in between, or is not.
            if (i % 300 == 0)
                await ring.ExchangeAsync(1);
        }

        await ring.ExchangeAsync(50);
        Assert.Equal(views, ring.ViewChanges());
        var downs = ring.Lines(1, LinkDownEvent).Count(IsLink0);
        output.WriteLine($"link 0 was taken down {downs} times");
        await ring.UntilAsync(() => ring.Lines(1, LinkUpEvent).Count(IsLink0) > downs, "link 0 again");

        static bool IsLink0(string line) => line.Contains("link 0 to node 2", StringComparison.Ordinal);
    }

    private const int LinkUpEvent = 1020;
    private const int LinkDownEvent = 1021;
    private const int NotAuthenticEvent = 1026;

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var set) ? set : usual;

    private static async Task<KnetRing> StartAsync(AeadRule aead, DatagramRecorder? recorder = null)
    {
        var ring = new KnetRing();
        var usual = ring.Transport(Three, 0);
        ring.Wanted = usual with { Knet = usual.Knet with { Aead = aead },
            ReceiveFilter = recorder is null ? null : recorder.Record };
        await ring.StartAsync(Three);
        await ring.TogetherAsync();
        return ring;
    }

    /// <summary>Sends datagrams to all members, as all members, until each has dropped so many; the
    /// ring works.</summary>
    private static async Task AttackAsync(KnetRing ring, HostileSender sender, Func<ReadOnlyMemory<byte>> compose)
    {
        const int atOnce = 300;
        var before = ring.Nodes.ToDictionary(x => x, KnetRing.Discarded);
        while (ring.Nodes.Any(x => KnetRing.Discarded(x) - before[x] < Count))
        {
            for (var i = 0; i < atOnce; i++)
            {
                foreach (var victim in Three)
                    sender.Send((int)(victim + i) % 3, KnetRing.AddressOf(victim, 0), compose().Span);
            }

            await ring.ExchangeAsync(5);
        }
    }

    private static void AssertGrowth(long before) =>
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, GrowthMax);

    /// <summary>A recorded datagram as it was, cut, longer, or changed; or none at all.</summary>
    private static ReadOnlyMemory<byte> Mutated(byte[] recorded, byte[] buffer, Random random)
    {
        recorded.CopyTo(buffer, 0);
        switch (random.Next(6))
        {
            case 0:
                return recorded;
            case 1:
                return buffer.AsMemory(0, random.Next(recorded.Length));
            case 2:
                random.NextBytes(buffer.AsSpan(recorded.Length, 16));
                return buffer.AsMemory(0, recorded.Length + 1 + random.Next(16));
            case 3:
                var length = random.Next(1, random.Next(20) == 0 ? 60_000 : 1400);
                random.NextBytes(buffer.AsSpan(0, length));
                return buffer.AsMemory(0, length);
            default:
                for (var i = random.Next(8); i >= 0; i--)
                    buffer[random.Next(recorded.Length)] ^= (byte)random.Next(1, 256);
                return buffer.AsMemory(0, recorded.Length);
        }
    }

    /// <summary>An ICMP message: nobody listens at the port that a datagram of the victim went to.</summary>
    private static byte[] Unreachable(IPAddress victim, IPAddress peer, int port)
    {
        var message = new byte[8 + 20 + 8];
        (message[0], message[1]) = (3, 3);
        var datagram = message.AsSpan(8);
        datagram[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], 20 + 8 + 26);
        (datagram[8], datagram[9]) = (64, 17);
        victim.TryWriteBytes(datagram[12..], out _);
        peer.TryWriteBytes(datagram[16..], out _);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[10..], Checksum(datagram[..20]));
        BinaryPrimitives.WriteUInt16BigEndian(datagram[20..], (ushort)port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[22..], (ushort)port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[24..], 8 + 26);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum(message));
        return message;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum > ushort.MaxValue)
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>Holds the key, and says everything that is not so, sealed as libknet does.</summary>
    private sealed class Liar : IDisposable
    {
        private readonly PacketSeal _seal;
        private readonly KnetKey _key;
        private readonly Random _random = new(2);
        private readonly byte[] _packet = new byte[1300];
        private readonly byte[] _sealed = new byte[1500];

        public Liar(string keyFile)
        {
            _key = new KnetKey(File.ReadAllBytes(keyFile));
            _seal = SealFactory.Create(
                new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256), _key,
                new RandomPool(RandomNumberGenerator.Fill))!;
        }

        public ReadOnlyMemory<byte> Compose()
        {
            var bytes = _random.Next(7, 1200);
            _random.NextBytes(_packet.AsSpan(0, bytes));
            var type = (PacketType)_random.Next(0, 6) switch
            {
                (PacketType)0 => PacketType.Data,
                (PacketType)1 => PacketType.Ping,
                (PacketType)2 => PacketType.Pong,
                (PacketType)3 => PacketType.Probe,
                (PacketType)4 => PacketType.ProbeReply,
                _ => (PacketType)_random.Next(256),
            };
            new PacketHeader(type, (ushort)_random.Next(0, 5)).Write(_packet);
            if (_random.Next(4) != 0)
                _packet[6] = 0;
            if (type == PacketType.Data && bytes >= KnetFormat.DataHeaderBytes && _random.Next(3) != 0)
            {
                // For all, whole or a fragment of few, on the ring's channel: the ring reads it.
                (_packet[5], _packet[8], _packet[9]) = (0, (byte)_random.Next(2), 0);
                (_packet[11], _packet[12]) = ((byte)_random.Next(4), (byte)_random.Next(4));
                _packet[13] = 0;
            }
            else if (type == PacketType.Data && bytes >= KnetFormat.DataHeaderBytes && _random.Next(2) != 0)
            {
                // For somebody else.
                (_packet[5], _packet[9], _packet[11], _packet[13]) = (0, (byte)_random.Next(4, 256), 1, 0);
            }

            return _sealed.AsMemory(0, _seal.Seal(_packet.AsSpan(0, bytes), _sealed));
        }

        public void Dispose()
        {
            _seal.Dispose();
            _key.Dispose();
        }
    }

    /// <summary>A test that opens a raw socket.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class RootOnlyFactAttribute : FactAttribute
    {
        public RootOnlyFactAttribute() => Skip =
            OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? null : "needs root on Linux";
    }
}
