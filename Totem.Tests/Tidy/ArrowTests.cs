using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>Inside Totem.Core a folder uses only folders before it (docs/design/architecture.md, "The layers of the core").</summary>
public sealed partial class ArrowTests
{
    /// <summary>The layers, lowest first. This is the one place that knows; the document repeats it for people.</summary>
    private static readonly string[] Layers =
        ["Model", "Time", "Wire", "Diagnostics", "Ordering", "Membership", "Recovery", "Packing", "Evs", "Groups"];

    /// <summary>The numbers that every layer obeys lie at the top, where users look for them, and use nothing but the lowest layer.</summary>
    private const string OptionsFile = "RingOptions.cs";

    private const string Core = "Totem.Core/";

    [Fact]
    public void A_folder_uses_only_itself_and_folders_before_it()
    {
        var checkedCount = 0;
        foreach (var file in Repository.SourceFiles.Where(x => x.StartsWith(Core, StringComparison.Ordinal)))
        {
            var rank = RankOf(file);
            foreach (var used in UsedLayer().Matches(WithoutComments(file)).Select(x => x.Groups["layer"].Value))
            {
                var usedRank = Array.IndexOf(Layers, used);
                Assert.True(usedRank >= 0, $"{file} uses Totem.Core.{used}, which is none of {string.Join(", ", Layers)}");
                Assert.True(usedRank <= rank, $"{file} uses Totem.Core.{used}: a backward arrow, {used} comes later");
                checkedCount++;
            }
        }

        Assert.True(checkedCount > 10, $"{checkedCount} usings between layers; the search finds too little");
    }

    [Fact]
    public void No_folder_names_the_machine_on_top_of_it()
    {
        var top = Repository.SourceFiles.Where(IsOnTop).SelectMany(x => DeclaredType().Matches(WithoutComments(x)))
            .Select(x => x.Groups["name"].Value).Where(x => x != Path.GetFileNameWithoutExtension(OptionsFile))
            .Distinct(StringComparer.Ordinal).ToList();
        Assert.Contains("RingProcessor", top, StringComparer.Ordinal);

        var name = new Regex($@"\b({string.Join('|', top)})\b", RegexOptions.None, TimeSpan.FromSeconds(10));
        foreach (var file in Repository.SourceFiles.Where(x => x.StartsWith(Core, StringComparison.Ordinal) && !IsOnTop(x)))
        {
            var match = name.Match(WithoutComments(file));
            Assert.False(match.Success, $"{file} uses {match.Value}: a backward arrow");
        }
    }

    [Fact]
    public void The_document_shows_the_layers_in_the_same_order()
    {
        var expected = string.Join(" → ", Layers);
        Assert.Contains(expected, Repository.Read("docs/design/architecture.md"), StringComparison.Ordinal);
    }

    private static bool IsOnTop(string file) =>
        file.StartsWith(Core, StringComparison.Ordinal) && file.IndexOf('/', Core.Length) < 0;

    private static int RankOf(string file)
    {
        if (file == Core + OptionsFile)
            return 0;
        if (IsOnTop(file))
            return Layers.Length;
        var folder = file.Split('/')[1];
        var rank = Array.IndexOf(Layers, folder);
        Assert.True(rank >= 0, $"{file} lies in none of the layers {string.Join(", ", Layers)}");
        return rank;
    }

    private static string WithoutComments(string file) => LineComment().Replace(Repository.Read(file), "");

    [GeneratedRegex(@"//.*", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LineComment();

    // A using directive or a name written out in full; a namespace declaration is neither.
    [GeneratedRegex(@"(?<!namespace\s+)\bTotem\.Core\.(?<layer>[A-Z]\w*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex UsedLayer();

    [GeneratedRegex(@"\b(class|struct|record|interface|enum)\s+(struct\s+)?(?<name>[A-Z]\w*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex DeclaredType();
}
