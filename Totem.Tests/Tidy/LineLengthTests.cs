using System.Globalization;

namespace Totem.Tests.Tidy;

/// <summary>A line of code has at most 120 characters, so that two files fit beside each other. A raw literal is not
/// cut. Markdown has a sentence a line, however long.</summary>
public sealed class LineLengthTests
{
    private const int MaxColumns = 120;
    private const string RawQuotes = "\"\"\"";
    private static readonly string[] Endings = [".cs", ".c", ".h", ".lua", ".sh"];

    [Fact]
    public void No_line_is_longer()
    {
        var files = Repository.Files.Where(x => Endings.Contains(Path.GetExtension(x))).ToArray();
        Assert.True(files.Length > 100, $"{files.Length} files; the search finds too little");
        Assert.Empty(files.SelectMany(file => TooLong(Repository.Read(file)).Select(line => $"{file}:{line}")));
    }

    [Fact]
    public void Only_raw_literals_may_be_longer()
    {
        var wide = new string('x', MaxColumns);
        Assert.Equal([2], TooLong($"{wide}\n {wide}\n"));
        Assert.Equal(
            [5], TooLong($"var a = {RawQuotes}\n {wide}\n {RawQuotes};\nF({RawQuotes}{wide}{RawQuotes});\n{wide};"));
    }

    private static IEnumerable<int> TooLong(string text)
    {
        var isRaw = false;
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var quotes = line.Split(RawQuotes).Length - 1;
            if (!isRaw && quotes == 0 && new StringInfo(line.TrimEnd('\r')).LengthInTextElements > MaxColumns)
                yield return number;
            isRaw ^= quotes % 2 == 1;
        }
    }
}
