using System.Globalization;

namespace Totem.Tests.Captures;

/// <summary>One line of a capture's decode, written by a decoder that shares nothing with ours.</summary>
internal sealed record DecodedLine(
    int FrameNumber, string Source, string Destination, string Length, string Kind, string Fields)
{
    /// <summary>The lines of a file, without its heading.</summary>
    public static IReadOnlyList<DecodedLine> ReadAll(string path) =>
        [.. File.ReadLines(path).Skip(1).Select(Parse)];

    private static DecodedLine Parse(string line)
    {
        var columns = line.Split('\t');
        return new DecodedLine(
            int.Parse(columns[0], CultureInfo.InvariantCulture), columns[2], columns[3], columns[4], columns[5],
            columns[6]);
    }
}
