using System.Runtime.CompilerServices;
using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;

namespace Totem.Tests.Simulation;

/// <summary>
/// Scripts that once broke a rule, as short as they could be made: each file of Scenarios/Found is a script,
/// <c>----</c>, and the transcript of what happens now. <c>TOTEM_ACCEPT_SCENARIOS=1</c> rewrites the transcripts.
/// </summary>
public sealed class FoundBySeedTests
{
    private const string End = "----\n";

    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Folder(), "*.txt").Order(StringComparer.Ordinal).Select(x => Path.GetFileName(x))];

    [Theory]
    [MemberData(nameof(Files))]
    public void No_rule_is_broken_any_more(string file)
    {
        var path = Path.Combine(Folder(), file);
        var text = File.ReadAllText(path);
        var script = text[..(text.IndexOf(End, StringComparison.Ordinal) + End.Length)];
        using var transcript = new StringWriter();
        var result = new ScenarioRunner().Run(
            FaultScript.Parse(script[..^End.Length], file),
            new Transcript(transcript, TranscriptParts.Actions | TranscriptParts.Configurations, withTime: true));

        Assert.Empty(result.Failures);
        if (Environment.GetEnvironmentVariable("TOTEM_ACCEPT_SCENARIOS") == "1")
            File.WriteAllText(path, script + transcript);
        else
            Assert.Equal(text, script + transcript);
    }

    private static string Folder([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(here))!, "Scenarios", "Found");
}
