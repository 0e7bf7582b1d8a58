using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>The texts that no file may contain.</summary>
public sealed partial class SourceTextTests
{
    // Written in two halves, because this file is searched as well.
    private static readonly string[] MachinePaths = ["/" + "work/", "/" + "root/", "/" + "tmp/bash", "/" + "home/"];

    [Fact]
    public void No_file_names_a_path_of_somebodys_machine() => AssertNowhere(
        Repository.TextFiles,
        line => MachinePaths.Any(x => line.Contains(x, StringComparison.Ordinal)));

    [Fact]
    public void Postponed_work_names_its_issue() => AssertNowhere(
        Repository.TextFiles,
        line => PostponedWork().IsMatch(line));

    [Fact]
    public void No_line_ends_in_blanks() => AssertNowhere(
        Repository.TextFiles.Where(x => x.EndsWith(".cs", StringComparison.Ordinal)
            || x.EndsWith(".md", StringComparison.Ordinal)),
        line => line.EndsWith(' ') || line.EndsWith('\t'));

    /// <summary>The types that applications use have one namespace, wherever they lie: <c>using
    /// Totem;</c> is all they need.</summary>
    private static readonly string[] OfApplications = ["Totem.Core/", "Totem.Transport.Udp/"];

    [Fact]
    public void A_namespace_is_the_folder_it_lies_in()
    {
        var declarations = 0;
        foreach (var file in Repository.SourceFiles)
        {
            var text = Repository.Read(file);
            var match = Namespace().Match(text);
            if (!match.Success)
                continue; // a program of top-level statements
            declarations++;
            var name = match.Groups["name"].Value;
            var isOfApplications = name == "Totem"
                && OfApplications.Any(x => file.StartsWith(x, StringComparison.Ordinal)) && PublicType().IsMatch(text);
            Assert.True(
                (isOfApplications || name == Path.GetDirectoryName(file)!.Replace('\\', '/').Replace('/', '.'))
                    && match.Groups["end"].Value == ";",
                $"{file}: {match.Value.Trim()}: a file-scoped namespace equal to the folder expected");
        }

        Assert.True(declarations > 50, $"{declarations} namespaces; the search finds too little");
    }

    [Fact]
    public void A_rule_that_is_off_has_its_own_reason()
    {
        var lines = Repository.Lines(".editorconfig");
        var off = Enumerable.Range(1, lines.Length - 1)
            .Where(i => lines[i].EndsWith(".severity = none", StringComparison.Ordinal)).ToList();
        Assert.True(off.Count > 20, $"{off.Count} rules; the search finds too little");
        Assert.All(off, i => Assert.StartsWith("# ", lines[i - 1], StringComparison.Ordinal));
    }

    private static void AssertNowhere(IEnumerable<string> files, Func<string, bool> isWrong)
    {
        var checkedCount = 0;
        foreach (var file in files)
        {
            var lines = Repository.Lines(file);
            checkedCount++;
            for (var i = 0; i < lines.Length; i++)
                Assert.False(isWrong(lines[i]), $"{file}:{i + 1}: {lines[i].Trim()}");
        }

        Assert.True(checkedCount > 50, $"{checkedCount} files; the search finds too little");
    }

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|XX" + @"X)\b(?!\s*\(?#\d)", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PostponedWork();

    [GeneratedRegex(@"^public ", RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^namespace\s+(?<name>[\w.]+)\s*(?<end>[;{]?)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Namespace();
}
