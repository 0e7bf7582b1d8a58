using System.Globalization;
using System.Text.Json;

namespace Totem.Simulation.Scenarios;

/// <summary>Writes what a campaign or a scenario gave, for people and as JSON lines for programs.</summary>
public static class SimulationReport
{
    /// <summary>The failure with its seed, its rule, the script and the command that replays it.</summary>
    public static void WriteText(CampaignFailure failure, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(failure);
        ArgumentNullException.ThrowIfNull(output);
        var original = failure.Original;
        var title = original.ScenarioSeed is { } seed ? $"seed {seed}" : "this script";
        output.Write($"{title} breaks {RuleName(original.Rule!)}\n");
        foreach (var line in original.Failures)
            output.Write($"  {Indent(line.Text)}\n");
        if (failure.ReplayCommand is { } command)
            output.Write($"replay it: {command}\n");
        var shrunk = failure.Shrunk;
        if (ReferenceEquals(shrunk, original))
            return;
        output.Write("the shortest script that still breaks it (totem simulate --script FILE):\n\n");
        output.Write(shrunk.Script.ToString());
        output.Write($"\n  {Indent(shrunk.Failures[0].Text)}\n");
    }

    /// <summary>Numbers, failures and, when asked for, every coverage counter.</summary>
    public static void WriteText(CampaignReport report, TextWriter output, bool withCoverage = false)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(output);
        foreach (var failure in report.Failures)
        {
            WriteText(failure, output);
            output.Write('\n');
        }

        var invariant = CultureInfo.InvariantCulture;
        output.Write(string.Create(invariant, $"{report.Done} scenarios, {report.FailedCount} failed\n"));
        output.Write(string.Create(
            invariant,
            $"{report.PerSecond:F0} scenarios a second on {report.Options.ThreadCount} threads; "
            + $"{report.VirtualTime.TotalHours:F1} h of virtual time, {report.TransmitCount} datagrams, "
            + $"{report.TraceCount} trace events, {report.InstallCount} configurations delivered\n"));
        output.Write(string.Create(
            invariant,
            $"slowest to find together: {report.WorstConvergence:P0} of its bound (seed {report.WorstConvergenceSeed})\n"));
        if (!withCoverage)
            return;
        foreach (var (group, name, count) in report.Coverage.Counters)
            output.Write(string.Create(invariant, $"  {group,-8}{name,-24}{count,14}{(count == 0 ? "  never" : "")}\n"));
    }

    /// <summary>One JSON object on one line for a scenario.</summary>
    public static void WriteJson(ScenarioResult result, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(result);
        WriteJson(output, json =>
        {
            json.WriteString("type", "scenario");
            if (result.ScenarioSeed is { } seed)
                json.WriteNumber("seed", seed);
            json.WriteBoolean("passed", result.Passed);
            WriteResult(json, result);
        });
    }

    /// <summary>One line for each failure, and one for the campaign.</summary>
    public static void WriteJson(CampaignReport report, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(report);
        foreach (var failure in report.Failures)
        {
            WriteJson(output, json =>
            {
                json.WriteString("type", "failure");
                if (failure.Original.ScenarioSeed is { } seed)
                    json.WriteNumber("seed", seed);
                WriteResult(json, failure.Original);
                json.WriteString("shrunkScript", failure.Shrunk.Script.ToString());
            });
        }

        WriteJson(output, json =>
        {
            json.WriteString("type", "campaign");
            json.WriteNumber("firstSeed", report.Options.FirstSeed);
            json.WriteNumber("scenarios", report.Done);
            json.WriteNumber("failed", report.FailedCount);
            json.WriteNumber("seconds", Math.Round(report.Elapsed.TotalSeconds, 3));
            json.WriteNumber("scenariosPerSecond", Math.Round(report.PerSecond, 1));
            json.WriteNumber("threads", report.Options.ThreadCount);
            json.WriteNumber("virtualSeconds", Math.Round(report.VirtualTime.TotalSeconds, 3));
            json.WriteNumber("datagrams", report.TransmitCount);
            json.WriteNumber("worstConvergence", Math.Round(report.WorstConvergence, 4));
            json.WriteStartObject("coverage");
            foreach (var (group, name, count) in report.Coverage.Counters)
                json.WriteNumber($"{group}.{name}", count);
            json.WriteEndObject();
        });
    }

    private static void WriteResult(Utf8JsonWriter json, ScenarioResult result)
    {
        json.WriteStartArray("failures");
        foreach (var failure in result.Failures)
        {
            json.WriteStartObject();
            json.WriteString("rule", failure.Rule);
            json.WriteString("text", failure.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("processors", result.Script.ProcessorCount);
        json.WriteNumber("actions", result.Script.ActionCount);
        json.WriteNumber("virtualSeconds", Math.Round(result.VirtualTime.TotalSeconds, 6));
        json.WriteNumber("datagrams", result.TransmitCount);
        json.WriteString("digest", result.Digest.ToString("x16", CultureInfo.InvariantCulture));
        json.WriteString("script", result.Script.ToString());
    }

    private static void WriteJson(TextWriter output, Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(output);
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        output.Write(System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
        output.Write('\n');
    }

    private static string RuleName(string rule) => char.IsAsciiDigit(rule[0]) ? $"rule {rule}" : rule;

    private static string Indent(string text) => text.Replace("\n", "\n  ", StringComparison.Ordinal);
}
