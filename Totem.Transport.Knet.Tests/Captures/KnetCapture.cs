using System.Collections.Concurrent;
using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Tests.Captures;

/// <summary>A capture of a real ring over kronosnet: one file, which is one link. Read once, then shared: do not write
/// to it.</summary>
internal sealed class KnetCapture
{
    private static readonly ConcurrentDictionary<string, KnetCapture> ByName = new(StringComparer.Ordinal);
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Captures");

    private KnetCapture(string name)
    {
        Name = name;
        Packets = PcapReader.Read(Path.Combine(Folder, name + ".pcap"));
        var decoded = Path.Combine(Folder, "decoded", Run + ".tsv.gz");
        Lines = [.. DecodedPacket.ReadAll(decoded).Where(x => x.File == name)];
    }

    /// <summary>The names of all files, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.pcap")
            .Select(x => Path.GetFileNameWithoutExtension(x)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Theory => [.. Names];

    /// <summary>The captures with a key.</summary>
    public static TheoryData<string> Sealed => [.. Names.Where(x => Suites(Named(x).Run).Length > 0)];

    public string Name { get; }

    /// <summary>Several files may be the links of one run.</summary>
    public string Run =>
        Name.EndsWith("-l0", StringComparison.Ordinal) || Name.EndsWith("-l1", StringComparison.Ordinal)
            ? Name[..^3] : Name;

    public IReadOnlyList<CapturedPacket> Packets { get; }

    public IReadOnlyList<DecodedPacket> Lines { get; }

    public static KnetCapture Named(string name) => ByName.GetOrAdd(name, x => new KnetCapture(x));

    public static byte[] KeyBytes(string name) => File.ReadAllBytes(Path.Combine(Folder, "keys", name + ".key"));

    /// <summary>The keys of the captured nodes, in the order of time; none where all was clear.</summary>
    public (CipherSuite Suite, string Key)[] Suites() => Suites(Run);

    private static (CipherSuite Suite, string Key)[] Suites(string run)
    {
        var usual = new CipherSuite(KnetCipher.Aes256, KnetHash.Sha256);
        return run switch
        {
            "b-hashonly-sha1" => [(new CipherSuite(KnetCipher.None, KnetHash.Sha1), "min128")],
            "b-aes128-md5-4096" => [(new CipherSuite(KnetCipher.Aes128, KnetHash.Md5), "max4096")],
            "b-aes192-sha512" => [(new CipherSuite(KnetCipher.Aes192, KnetHash.Sha512), "max4096")],
            "b-aes256-sha384" => [(new CipherSuite(KnetCipher.Aes256, KnetHash.Sha384), "min128")],
            "g-rekey" => [(usual, "one"), (usual, "two")],
            "g-cipher" => [(usual, "one"), (new CipherSuite(KnetCipher.Aes128, KnetHash.Sha512), "one")],
            "b-aes256-sha256-nss" or "b-secauth-openssl" or "d-frag-aes" or "f-restart" or "f-restart-slow"
                or "g-enable" or "g-disable" or "k-fake-aes" or "l-shutdown" => [(usual, "one")],
            _ => run.StartsWith("e-", StringComparison.Ordinal) && run.EndsWith("-aes", StringComparison.Ordinal)
                ? [(usual, "one")] : [],
        };
    }
}
