using System.Reflection;
using Totem.Tests.Tidy;

namespace Totem.Tests.Paper;

/// <summary>Every test of this folder quotes the sentence that it shows, and the sentence stands
/// where the quotation says.</summary>
public sealed class QuotationTests
{
    public static TheoryData<string> Shown => [.. Tests.Select(x => $"{x.DeclaringType!.Name}.{x.Name}")];

    private static IEnumerable<MethodInfo> Tests => typeof(QuotationTests).Assembly.GetTypes()
        .Where(x => x.Namespace == typeof(QuotationTests).Namespace && x != typeof(QuotationTests))
        .SelectMany(x => x.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        .Where(x => x.GetCustomAttribute<FactAttribute>() is not null);

    [Theory]
    [MemberData(nameof(Shown))]
    public void A_test_quotes_a_sentence_that_stands_there(string test)
    {
        var shows = Tests.Single(x => $"{x.DeclaringType!.Name}.{x.Name}" == test).GetCustomAttribute<ShowsAttribute>();
        Assert.True(shows is not null, $"{test} quotes no sentence");
        Assert.Contains(shows.Sentence, WithoutMarks(Repository.Read(shows.Document)), StringComparison.Ordinal);
        if (shows.After is { } part)
            Assert.Empty(new Citations().Broken("Totem.Tests/Paper/made.cs", part));
    }

    [Fact]
    public void A_sentence_that_is_not_there_is_not_found() =>
        Assert.DoesNotContain(
            "A token is delivered twice.", WithoutMarks(Repository.Read("docs/design/protocol.md")),
            StringComparison.Ordinal);

    private static string WithoutMarks(string text) =>
        text.Replace("*", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal);
}
