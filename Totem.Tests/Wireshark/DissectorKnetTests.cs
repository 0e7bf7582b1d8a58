using System.Globalization;
using System.Security.Cryptography;
using Totem.Cli;
using Totem.CommandLine;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Wire;
using Xunit;

namespace Totem.Tests.Wireshark;

/// <summary>Captures of real rings on kronosnet in the real tshark: in clear as they are, sealed ones through <c>totem
/// decrypt</c>.</summary>
public sealed class DissectorKnetTests : IDisposable
{
    private const string Key = "one";

    private static readonly string[] Fields =
        ["kronosnet.type", "kronosnet.fragments", "kronosnet.aead", "totem.copy_of"];

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [PackageFact("tshark")]
    public async Task Rings_in_clear_show_every_packet_and_the_frames_in_them()
    {
        (string Name, int MostFragments)[] captures =
            [("a-plain", 4), ("d-frag-plain", 46), ("e-v6-plain", 15), ("e-9000-plain", 4), ("h-compress-zlib", 1)];
        foreach (var (name, mostFragments) in captures)
            AssertShown(name, await Tshark.DissectAsync(PathOf(name), Fields), mostFragments);
    }

    [PackageFact("tshark")]
    public async Task Sealed_rings_show_the_same_when_they_are_decrypted()
    {
        (string Name, string Key, int MostFragments)[] captures =
        [
            ("b-aes256-sha256-nss", Key, 4), ("b-hashonly-sha1", "min128", 2), ("b-aes128-md5-4096", "max4096", 4),
            ("b-aes192-sha512", "max4096", 5), ("b-aes256-sha384", "min128", 5), ("d-frag-aes", Key, 47),
            ("e-v6-aes", Key, 15),
        ];
        foreach (var (name, key, mostFragments) in captures)
        {
            var clear = Path.Combine(_folder.Path, name + ".pcap");
            var (exitCode, output, _) = await RunAsync("decrypt", PathOf(name), clear, "--key", KeyOf(key));
            Assert.Equal(ExitCode.Ok, exitCode);
            Assert.Contains(", 0 copied as they were", output, StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(
                    UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(clear));
            string[] fields = [.. Fields, "udp.checksum.status", "ip.checksum.status"];
            var frames = await Tshark.DissectAsync(
                clear, fields, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE");
            AssertShown(name, frames, mostFragments);
            Assert.All(frames, x => Assert.DoesNotContain("0", x.All("udp.checksum.status")));
            Assert.All(frames, x => Assert.DoesNotContain("0", x.All("ip.checksum.status")));
        }
    }

    [PackageFact("tshark")]
    public async Task Our_own_format_shows_its_envelope_and_its_packet_with_the_clusters_name()
    {
        var bytes = RandomNumberGenerator.GetBytes(256);
        var keyFile = Path.Combine(_folder.Path, "key");
        PrivateFile.Write(keyFile, bytes);
        using var key = new KnetKey(bytes);
        using var master = new AeadMaster(key, "prod");
        using var sender = new AeadSender(master, new AeadLife(7, 99), AeadAlgorithm.Aes256Gcm);
        var ping = new byte[KnetFormat.PingBytes];
        new PingPacket(new PacketHeader(PacketType.Ping, 7), 1, 2, 3, 4, 1).Write(ping);
        var datagrams = Enumerable.Range(0, 3).Select(_ =>
        {
            var datagram = new byte[sender.Shape.SealedBytes(ping.Length)];
            sender.Seal(ping, datagram);
            return datagram;
        }).ToList();
        var (source, clear) = (Path.Combine(_folder.Path, "sealed.pcap"), Path.Combine(_folder.Path, "clear.pcap"));
        PcapWriter.Write(source, datagrams, 5405);

        var before = await Tshark.DissectAsync(source, Fields);
        Assert.All(before, x => Assert.Contains("from 7 (AES-256-GCM)", x.Info, StringComparison.Ordinal));
        var right = await RunAsync("decrypt", source, clear, "--key", keyFile, "--cluster", "prod");
        Assert.Equal(ExitCode.Ok, right.ExitCode);
        var after = await Tshark.DissectAsync(clear, Fields);
        Assert.Equal(3, after.Count);
        Assert.All(after, x => Assert.Equal("Ping of link 1 from 7, last #4", x.Info));

        var wrong = await RunAsync("decrypt", source, clear, "--key", keyFile);
        Assert.Equal(ExitCode.CheckFailed, wrong.ExitCode);
        Assert.Contains("0 of 3 datagrams opened", wrong.Output, StringComparison.Ordinal);
        Assert.Equal(await File.ReadAllBytesAsync(source), await File.ReadAllBytesAsync(clear));
    }

    [Fact]
    public async Task A_file_that_is_no_such_capture_is_told_with_the_remedy()
    {
        var (source, target) = (Path.Combine(_folder.Path, "in"), Path.Combine(_folder.Path, "out"));
        await File.WriteAllBytesAsync(source, [0x0A, 0x0D, 0x0D, 0x0A, .. new byte[100]]);
        var ng = await RunAsync("decrypt", source, target, "--key", KeyOf(Key));
        Assert.Equal(ExitCode.Usage, ng.ExitCode);
        Assert.Contains("editcap -F pcap", ng.Error, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(source, (await File.ReadAllBytesAsync(PathOf("a-plain")))[..1000]);
        var cut = await RunAsync("decrypt", source, target, "--key", KeyOf(Key));
        Assert.Equal(ExitCode.Usage, cut.ExitCode);
        Assert.Contains("of the capture is not whole", cut.Error, StringComparison.Ordinal);

        Assert.Equal(ExitCode.Usage, (await RunAsync("decrypt", source, source, "--key", KeyOf(Key))).ExitCode);
        Assert.Equal(ExitCode.Environment, (await RunAsync("decrypt", source, target, "--key", "/no/key")).ExitCode);
    }

    private static void AssertShown(string name, IReadOnlyList<DissectedFrame> frames, int mostFragments)
    {
        Assert.All(frames, x => Assert.True(
            (x.IsTotem || x.Has("kronosnet.type")) && !x.IsMalformed, $"{name}: {x}"));
        string[] types = [.. frames.SelectMany(x => x.All("kronosnet.type")).Distinct()];
        Assert.Contains("0x00", types);
        Assert.Contains("0x81", types);
        Assert.Contains("0x82", types);
        Assert.Contains(frames, x => x.IsTotem && x["totem.kind"] == "0");
        // Messages of the ring are put together from fragments; the decode of the captures has these counts.
        Assert.Equal(mostFragments, frames.Where(x => x.IsTotem && x["totem.kind"] == "1")
            .Select(x => int.Parse(x["kronosnet.fragments"], CultureInfo.InvariantCulture)).DefaultIfEmpty(1).Max());
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "KnetCaptures", name + ".pcap");

    private static string KeyOf(string name) => Path.Combine(AppContext.BaseDirectory, "KnetCaptures", name + ".key");

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await Program.RunAsync(args, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
