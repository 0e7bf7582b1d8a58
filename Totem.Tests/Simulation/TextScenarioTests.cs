using System.Runtime.CompilerServices;
using Totem.Simulation.Scenarios;
using Xunit;

namespace Totem.Tests.Simulation;

/// <summary>
/// Every file in Scenarios/ is a test. <c>TOTEM_ACCEPT_SCENARIOS=1</c> rewrites their transcripts: read the diff before
/// it is committed.
/// </summary>
public sealed class TextScenarioTests
{
    private const string AcceptVariable = "TOTEM_ACCEPT_SCENARIOS";

    public static TheoryData<string> Files => [.. Paths.Select(x => Path.GetFileName(x))];

    /// <summary>The files, in their order.</summary>
    internal static IEnumerable<string> Paths => Directory.GetFiles(Folder(), "*.txt").Order(StringComparer.Ordinal);

    [Theory]
    [MemberData(nameof(Files))]
    public void The_transcript_is_as_expected(string file)
    {
        var path = Path.Combine(Folder(), file);
        var expected = File.ReadAllText(path);
        var actual = TextScenario.Run(expected, file);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            File.WriteAllText(path, actual);
        else
            Assert.Equal(expected, actual);
    }

    [Fact]
    public void A_changed_transcript_is_seen()
    {
        const string Text = "processors 1\nform\nstate\n----\n1 is down, stored 0\n";
        Assert.NotEqual(Text, TextScenario.Run(Text, "test"), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("fly node=1\n----\n", "test:1: 'fly', expected an action, form, run, run-until, show, state or check")]
    [InlineData("\nrun soon\n----\n", "test:2: 'soon', expected a duration like 250us, 12.5ms or 2s")]
    [InlineData("form\n", "test:1: the last block has no '----' and transcript")]
    [InlineData("show all\n----\n", "test:1: 'all', expected None, Membership")]
    public void A_wrong_line_is_named(string text, string problem)
    {
        var error = Assert.Throws<FormatException>(() => TextScenario.Run(text, "test"));
        Assert.StartsWith(problem, error.Message, StringComparison.Ordinal);
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(here))!, "Scenarios");
}
