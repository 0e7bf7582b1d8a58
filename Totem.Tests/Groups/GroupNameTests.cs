using System.Text;

namespace Totem.Tests.Groups;

/// <summary>A name is bytes. Its text for people is one that a person can type again.</summary>
public sealed class GroupNameTests
{
    [Theory]
    [InlineData("sheepdog", "sheepdog")]
    [InlineData("attrd\0", @"attrd\x00")]
    [InlineData("attrd\0\0", @"attrd\x00\x00")]
    [InlineData(@"attrd\x00", @"attrd\\x00")]
    [InlineData(@"\", @"\\")]
    [InlineData("a\\\0", @"a\\\x00")]
    [InlineData("schäfer", "schäfer")]
    [InlineData("schäfer\n", @"sch\xC3\xA4fer\x0A")]
    [InlineData("a\u200Bb", @"a\xE2\x80\x8Bb")]
    [InlineData("a\u2028b", @"a\xE2\x80\xA8b")]
    [InlineData("\uFFFD", @"\xEF\xBF\xBD")]
    [InlineData(" a ", " a ")]
    public void A_name_is_shown_as_it_can_be_typed(string name, string shown)
    {
        Assert.Equal(shown, new GroupName(name).ToString());
        Assert.Equal(new GroupName(name), GroupName.Parse(shown));
    }

    /// <summary>Seeded: whatever the bytes are.</summary>
    [Fact]
    public void Every_name_comes_back_from_its_text_and_no_two_have_the_same()
    {
        var random = new Random(15);
        var seen = new Dictionary<string, GroupName>(StringComparer.Ordinal);
        byte[] likely =
            [0, (byte)'\\', (byte)'x', (byte)'0', (byte)'A', 0xC3, 0xA4, 0xEF, 0xBF, 0xBD, 0xE2, 0x80, 0x8B];
        for (var i = 0; i < 5000; i++)
        {
            var bytes = new byte[random.Next(1, 9)];
            for (var j = 0; j < bytes.Length; j++)
                bytes[j] = random.Next(3) == 0 ? (byte)random.Next(256) : likely[random.Next(likely.Length)];
            var name = new GroupName(bytes);
            Assert.Equal(name, GroupName.Parse(name.ToString()));
            Assert.Equal(name, seen.TryGetValue(name.ToString(), out var other) ? other : name);
            seen[name.ToString()] = name;
        }
    }

    [Theory]
    [InlineData(@"a\")]
    [InlineData(@"a\x")]
    [InlineData(@"a\x0")]
    [InlineData(@"a\xG0")]
    [InlineData(@"a\x 1")]
    [InlineData(@"a\0")]
    [InlineData(@"a\n")]
    public void A_text_that_no_name_is_shown_as_is_refused(string text)
    {
        var refused = Assert.Throws<FormatException>(() => GroupName.Parse(text));
        Assert.Contains(@"expected \xNN", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_may_be_longer_than_its_name()
    {
        var text = string.Concat(Enumerable.Repeat(@"\x00", GroupName.MaxBytes));
        Assert.Equal(GroupName.MaxBytes, GroupName.Parse(text).Bytes.Length);
        Assert.Throws<ArgumentException>(() => GroupName.Parse(text + "a"));
        Assert.Equal(Encoding.UTF8.GetBytes("ä\\"), GroupName.Parse("ä\\x5C").Bytes.ToArray());
    }
}
