using System.Globalization;
using Totem.Cli.Output;
using Totem.Simulation.Model;
using Totem.Simulation.Scenarios;

namespace Totem.Cli.Simulations;

/// <summary>The outcome of simulations for people.</summary>
internal static class CampaignText
{
    /// <summary>Many scenarios: failures first, the sums last.</summary>
    public static void Write(CampaignReport report, TextWriter output, bool isVerbose)
    {
        foreach (var failure in report.Failures)
            WriteFailure(failure, report.Options, output);
        if (isVerbose)
            WriteCounters(report.Coverage, output);
        var range = report.Options.ScenarioCount == 1
            ? $"seed {report.Options.FirstSeed}"
            : $"seeds {report.Options.FirstSeed} to "
                + $"{report.Options.FirstSeed + (ulong)report.Options.ScenarioCount - 1}";
        output.WriteLine(
            $"{Number(report.Done)} of {Number(report.Options.ScenarioCount)} scenarios ({range}), "
                + $"{report.FailedCount} failed");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{report.Elapsed.TotalSeconds:0.0} s, {report.PerSecond:0} scenarios a second on "
                + $"{report.Options.ThreadCount} threads"));
        output.WriteLine(
            $"{Number((long)report.VirtualTime.TotalSeconds)} s of virtual time, {Number(report.TransmitCount)} "
            + "datagrams, "
            + $"{Number(report.InstallCount)} configurations, {Number(report.TraceCount)} trace events");
        if (report.Options.Groups)
            output.WriteLine($"{Number(report.GroupDeliveryCount)} deliveries of messages to groups");
        if (report.WorstConvergence > 0)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"slowest to come together: seed {report.WorstConvergenceSeed}, {report.WorstConvergence:P0} of its "
                    + $"bound"));
        }
    }

    /// <summary>One scenario.</summary>
    public static void Write(ScenarioResult result, TextWriter output, bool isVerbose)
    {
        if (isVerbose)
        {
            output.WriteLine(result.Script.ToString());
            WriteCounters(result.Coverage, output);
        }

        foreach (var failure in result.Failures)
            output.WriteLine($"BROKEN {failure.Rule}: {failure.Text}");
        output.WriteLine(
            $"{(result.Passed ? "held" : "failed")}: {result.Script.ProcessorCount} processors, "
            + $"{result.VirtualTime.TotalMilliseconds:0.###} ms of virtual time, {result.InstallCount} configurations, "
            + $"{result.TraceCount} trace events, together {result.ConvergenceTime.TotalMilliseconds:0.###} ms after "
            + "the faults "
            + $"(bound {result.ConvergenceBound.TotalMilliseconds:0.###} ms), digest {result.Digest:x16}");
    }

    private static void WriteFailure(CampaignFailure failure, CampaignOptions options, TextWriter output)
    {
        output.WriteLine($"FAILED seed {failure.Original.ScenarioSeed}");
        foreach (var broken in failure.Original.Failures)
            output.WriteLine($"  {broken.Rule}: {broken.Text.ReplaceLineEndings("\n  ")}");
        output.WriteLine("  replay: "
            + $"{failure.ReplayCommand ?? options.ReplayCommand(failure.Original.ScenarioSeed!.Value)}");
        output.WriteLine($"  the shortest script found that breaks {failure.Shrunk.Rule} (for totem simulate --script "
            + "FILE):");
        foreach (var line in failure.Shrunk.Script.ToString().TrimEnd().Split('\n'))
            output.WriteLine($"    {line}");
        foreach (var broken in failure.Shrunk.Failures)
            output.WriteLine($"  it gives {broken.Rule}: {broken.Text.ReplaceLineEndings("\n  ")}");
        output.WriteLine();
    }

    private static void WriteCounters(Coverage coverage, TextWriter output)
    {
        var table = new TextTable("group", "what", ">times");
        foreach (var (group, name, count) in coverage.Counters)
            table.Add(group, name, Number(count));
        output.WriteLine(table);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
