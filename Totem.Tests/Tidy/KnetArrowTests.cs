using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>Inside Totem.Transport.Knet a room uses only rooms before it, and of the core two words
/// (docs/design/knet.md, "Rooms").</summary>
public sealed partial class KnetArrowTests
{
    private const string Project = "Totem.Transport.Knet/";

    private static readonly string[] Rooms =
        ["Wire", "Diagnostics", "Crypto", "Aead", "Keys", "Sequence", "Mtu", "Links"];

    private static readonly string[] OfTheCore = ["Time", "Diagnostics"];

    [Fact]
    public void A_room_uses_only_itself_and_rooms_before_it()
    {
        var checkedCount = 0;
        foreach (var file in Repository.SourceFiles.Where(x => x.StartsWith(Project, StringComparison.Ordinal)))
        {
            var folders = file[Project.Length..].Split('/');
            var rank = folders.Length == 1 ? Rooms.Length : Array.IndexOf(Rooms, folders[0]);
            Assert.True(rank >= 0, $"{file} lies in none of the rooms {string.Join(", ", Rooms)}");
            foreach (Match use in UsedRoom().Matches(Repository.Read(file)))
            {
                var isCore = use.Groups["core"].Success;
                var used = use.Groups["room"].Value;
                var usedRank = Array.IndexOf(isCore ? OfTheCore : Rooms, used);
                Assert.True(
                    usedRank >= 0 && (isCore || usedRank <= rank), $"{file}: {use.Value.Trim()} is a backward arrow");
                checkedCount++;
            }
        }

        Assert.True(checkedCount > 30, $"{checkedCount} usings between rooms; the search finds too little");
    }

    [Fact]
    public void The_document_shows_the_rooms_in_the_same_order() =>
        Assert.Contains(string.Join(" → ", Rooms), Repository.Read("docs/design/knet.md"), StringComparison.Ordinal);

    [GeneratedRegex(@"^using Totem\.((?<core>Core)|Transport\.Knet)\.(?<room>\w+);",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex UsedRoom();
}
