using System.Globalization;
using System.IO.Compression;

namespace Totem.Transport.Knet.Tests.Captures;

/// <summary>A line of a capture's decode, made by a program that shares nothing with ours. A line without addresses is
/// the message that the packet of the line before completes.</summary>
internal sealed record DecodedPacket(
    string File, int Frame, string Source, string PlainBytes, string Kind, string Fields)
{
    /// <summary>A packet, not a message.</summary>
    public bool IsPacket => Source.Length > 0;

    /// <summary>The value of <c>name=value</c> among the fields.</summary>
    public int Field(string name) =>
        int.Parse(
            Fields.Split(' ').Single(x => x.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..],
            CultureInfo.InvariantCulture);

    public static IReadOnlyList<DecodedPacket> ReadAll(string path)
    {
        using var reader = new StreamReader(new GZipStream(System.IO.File.OpenRead(path), CompressionMode.Decompress));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(Parse)];
    }

    private static DecodedPacket Parse(string line)
    {
        var columns = line.Split('\t');
        return new DecodedPacket(
            columns[0], int.Parse(columns[1], CultureInfo.InvariantCulture), columns[3], columns[8], columns[9],
            columns[10]);
    }
}
