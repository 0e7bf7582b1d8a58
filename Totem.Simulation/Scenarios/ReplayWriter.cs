using System.Globalization;
using Totem.Simulation.Faults;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Scenarios;

/// <summary>How much of a run a replay shows.</summary>
public enum ReplayDetail
{
    /// <summary>The script's actions, states, configurations, messages, repetitions, losses.</summary>
    Normal,

    /// <summary>Tokens and what engines discard, too.</summary>
    Tokens,

    /// <summary>Every datagram.</summary>
    Frames,
}

/// <summary>Runs a script and writes what happens as a transcript that can be read from top to bottom.</summary>
public static class ReplayWriter
{
    /// <summary>Runs the scenario and writes its script, its transcript and its verdict.</summary>
    public static ScenarioResult Write(FaultScript script, TextWriter output, ReplayDetail detail = ReplayDetail.Normal)
    {
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(output);
        output.Write(script.ToString());
        output.Write('\n');
        var result = new ScenarioRunner().Run(script, new Transcript(output, PartsOf(detail), withTime: true));
        output.Write('\n');
        foreach (var failure in result.Failures)
            output.Write($"FAILED {failure.Rule}: {failure.Text}\n");
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{(result.Passed ? "passed" : "failed")}; virtual time {result.VirtualTime.TotalSeconds:F3} s, "
            + $"{result.TransmitCount} datagrams, "
            + $"{result.TraceCount} trace events, {result.InstallCount} installs, digest {result.Digest:x16}\n"));
        return result;
    }

    /// <summary>Runs the scenario and writes its trace, each processor's events in its own order.</summary>
    public static ScenarioResult WriteTrace(FaultScript script, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var result = new ScenarioRunner().Run(script);
        foreach (var processor in result.Trace!.Processors)
        {
            foreach (var traceEvent in result.Trace[processor])
                output.Write(Line(traceEvent) + "\n");
        }

        return result;
    }

    private static string Line(TraceEvent e) => string.Create(
        CultureInfo.InvariantCulture,
        $"{e.Processor}#{e.Incarnation} {e.TimeTicks / 10_000.0,11:F4} {e.Kind} ")
        + e.Kind switch
        {
            TraceEventKind.Install => e.Configuration!.ToString(),
            TraceEventKind.Send or TraceEventKind.Deliver => $"{e.Message} {e.Guarantee} on {e.Ring}",
            _ => "",
        };

    private static TranscriptParts PartsOf(ReplayDetail detail)
    {
        var parts = TranscriptParts.Actions | TranscriptParts.Membership | TranscriptParts.Configurations
            | TranscriptParts.Messages | TranscriptParts.Retransmissions | TranscriptParts.Losses
            | TranscriptParts.Links;
        if (detail >= ReplayDetail.Tokens)
            parts |= TranscriptParts.Tokens | TranscriptParts.Discards;
        return detail == ReplayDetail.Frames ? parts | TranscriptParts.Frames : parts;
    }
}
