using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>Totem.Transport.Knet takes two rooms of the core, its clock and its assertions, and no other
/// (docs/design/knet.md, "Rooms"); <see cref="ArrowTests"/> holds the order of its own rooms.</summary>
public sealed partial class KnetArrowTests
{
    private const string Project = "Totem.Transport.Knet/";

    private static readonly string[] OfTheCore = ["Time", "Diagnostics"];

    [Fact]
    public void It_uses_the_clock_and_the_assertions_of_the_core_alone()
    {
        var used = Repository.SourceFiles.Where(x => x.StartsWith(Project, StringComparison.Ordinal))
            .SelectMany(x => UsedRoom().Matches(Repository.Read(x))
                .Select(use => (File: x, Room: use.Groups["room"].Value))).ToList();

        Assert.All(used, x => Assert.Contains(x.Room, OfTheCore));
        Assert.True(used.Count > 10, $"{used.Count} usings of the core; the search finds too little");
    }

    [Fact]
    public void The_page_shows_the_rooms_in_the_order_that_is_held() =>
        Assert.Contains(
            string.Join(" → ", ArrowTests.RoomsOf("Totem.Transport.Knet")), Repository.Read("docs/design/knet.md"),
            StringComparison.Ordinal);

    [GeneratedRegex(
        @"^using Totem\.Core\.(?<room>\w+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex UsedRoom();
}
