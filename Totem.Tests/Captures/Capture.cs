using System.Collections.Concurrent;

namespace Totem.Tests.Captures;

/// <summary>A capture of a real corosync ring and its decode. Each file is read once and then
/// shared: do not write to it.</summary>
internal sealed class Capture
{
    private static readonly ConcurrentDictionary<string, Capture> ByName = new(StringComparer.Ordinal);
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Captures");

    private Capture(string name)
    {
        File = PcapFile.Read(Path.Combine(Folder, name + ".pcap"));
        Lines = DecodedLine.ReadAll(Path.Combine(Folder, "decoded", name + ".tsv"));
    }

    /// <summary>The names of all captures, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.pcap").Select(x => Path.GetFileNameWithoutExtension(x))
            .Order(StringComparer.Ordinal)];

    public PcapFile File { get; }

    public IReadOnlyList<DecodedLine> Lines { get; }

    public static Capture Named(string name) => ByName.GetOrAdd(name, x => new Capture(x));

    /// <summary>All captures as theory data.</summary>
    public static TheoryData<string> Theory => [.. Names];

    /// <summary>The payload of one packet of one capture; the captures' README tells what it is.</summary>
    public static byte[] Frame(string name, int frameNumber) =>
        Named(name).File.Datagrams.Single(x => x.FrameNumber == frameNumber).Payload;
}
