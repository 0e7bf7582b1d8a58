using System.Globalization;
using System.Text.RegularExpressions;

namespace Totem.Tests.Corosync;

/// <summary>The verdicts of the two on a file.</summary>
internal enum ConfigurationVerdict
{
    /// <summary>Both take it.</summary>
    Yes,

    /// <summary>Both refuse it.</summary>
    No,

    /// <summary>corosync takes it and we refuse it.</summary>
    Refused,
}

/// <summary>A line of <c>Configurations.txt</c>, whose head says how one is written.</summary>
internal sealed partial record ConfigurationCase(
    int Line, ConfigurationVerdict Verdict, string File, IReadOnlyDictionary<string, string> Values, string? Text)
{
    private static readonly Dictionary<string, string> Macros = new(StringComparer.Ordinal)
    {
        ["%udpu"] = "totem {\nversion: 2\ntransport: udpu",
        ["%udp"] = "totem {\nversion: 2\ntransport: udp",
        ["%nodes"] = NodeList("127.0.0.1", "10.88.0.2", "10.88.0.3"),
        ["%node"] = NodeList("127.0.0.1"),
        ["%node6"] = NodeList("::1"),
    };

    /// <summary>Whether corosync takes it.</summary>
    public bool IsTakenByCorosync => Verdict != ConfigurationVerdict.No;

    /// <summary>Every case of the table.</summary>
    public static IEnumerable<ConfigurationCase> All()
    {
        var number = 0;
        foreach (var line in System.IO.File.ReadLines(
            Path.Combine(AppContext.BaseDirectory, "Corosync", "Configurations.txt")))
        {
            number++;
            if (line.Length > 0 && line[0] != '#')
                yield return Parse(line, number);
        }
    }

    private static ConfigurationCase Parse(string line, int number)
    {
        var parts = line.Split(" | ");
        var verdict = parts[0] switch
        {
            "yes" => ConfigurationVerdict.Yes,
            "no" => ConfigurationVerdict.No,
            "refused" => ConfigurationVerdict.Refused,
            var other =>
                throw new FormatException($"Configurations.txt:{number}: '{other}', expected yes, no or refused"),
        };
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        string? text = null;
        foreach (var part in parts[2..])
        {
            if (part.Split(' ').All(word => Value().IsMatch(word)))
                values = part.Split(' ').Select(word => word.Split('='))
                    .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            else
                text = part;
        }

        return new ConfigurationCase(number, verdict, Expand(parts[1]), values, text);
    }

    private static string Expand(string file) => string.Concat(file.Split(';').Select(
        line => (Macros.GetValueOrDefault(line.Trim(' ')) ?? Unescape(line)) + "\n"));

    private static string Unescape(string line) => Escape().Replace(line, match => match.Value switch
    {
        "\\t" => "\t",
        "\\r" => "\r",
        "\\v" => "\v",
        var code => ((char)int.Parse(code[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
    });

    private static string NodeList(params string[] addresses)
        => "nodelist {\n" + string.Concat(
            addresses.Select((address, index) => $"node {{\nring0_addr: {address}\nnodeid: {index + 1}\n}}\n")) + "}";

    [GeneratedRegex(@"^[a-z_]+=\S+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Value();

    [GeneratedRegex(@"\\(t|r|v|u[0-9a-f]{4})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Escape();
}
