using System.Text;
using Totem.Simulation.Checkers;
using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// A scenario as a text: blocks of commands, <c>----</c>, and the transcript they give, up to an empty line. Running it
/// gives the same text with the transcripts as they are now, so a test compares two texts, and accepting a change is
/// writing one.
/// </summary>
/// <remarks>
/// Commands: the setup lines of a script (seed, processors, network, options, stored) before anything else; every
/// action of a script without its time; <c>form</c> (start all, wait for the ring); <c>run 50ms</c>; <c>run-until
/// operational|quiet limit=2s</c>; <c>show membership,messages</c> (see <see cref="TranscriptParts"/>); <c>state</c>;
/// <c>check</c>.
/// </remarks>
internal sealed class TextScenario
{
    private const string Separator = "----";

    private const TranscriptParts DefaultParts = TranscriptParts.Membership | TranscriptParts.Configurations
        | TranscriptParts.Messages | TranscriptParts.Retransmissions;

    private static readonly TimeSpan LimitDefault = TimeSpan.FromSeconds(5);

    private readonly string _name;
    private readonly StringWriter _output;
    private readonly Transcript _transcript;
    private ClusterSetup _setup = new() { Processors = ClusterSetup.Numbered(3) };
    private RingCluster? _cluster;

    private TextScenario(string name, StringWriter output)
    {
        _name = name;
        _output = output;
        _transcript = new Transcript(_output, DefaultParts, withTime: false);
    }

    /// <summary>Runs the commands and gives the text with the transcripts they gave.</summary>
    /// <exception cref="FormatException">A line is no command; the message has its number and what
    /// was expected.</exception>
    public static string Run(string text, string name)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return new TextScenario(name, output).Run(text);
    }

    private RingCluster Cluster => _cluster ??= RingCluster.Create(_setup, _transcript);

    private string Run(string text)
    {
        var result = new StringBuilder();
        var inExpected = false;
        var number = 0;
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        foreach (var line in lines)
        {
            number++;
            if (inExpected)
            {
                if (line.Length > 0)
                    continue;
                inExpected = false;
                result.Append('\n');
                continue;
            }

            result.Append(line).Append('\n');
            if (line == Separator)
            {
                inExpected = true;
                result.Append(_output);
                _output.GetStringBuilder().Clear();
            }
            else if (ScriptText.WithoutComment(line) is { IsEmpty: false } command)
            {
                Execute(command.ToString(), $"{_name}:{number}");
            }
        }

        return inExpected
            ? result.ToString()
            : throw new FormatException($"{_name}:{number}: the last block has no '{Separator}' and transcript");
    }

    private void Execute(string text, string where)
    {
        var line = new ScriptLine(text, where);
        try
        {
            Execute(line);
        }
        catch (SimulationLimitException e)
        {
            _output.WriteLine(e.Message);
        }

        line.Finish();
    }

    private void Execute(ScriptLine line)
    {
        if (_cluster is null && SetupText.TryParse(line, _setup) is { } setup)
        {
            _setup = setup;
            return;
        }

        switch (line.Verb)
        {
            case "form":
                Cluster.StartAll().RunUntilOperational(line.Duration("limit", LimitDefault));
                break;
            case "run":
                Cluster.Run(line.DurationOf(line.Word("a duration like 50ms")));
                break;
            case "run-until":
                RunUntil(line);
                break;
            case "show":
                _transcript.Parts = ParseParts(line);
                break;
            case "state":
                WriteState();
                break;
            case "check":
                Check();
                break;
            default:
                Cluster.Do(ActionParser.TryParse(line) ?? throw line.Error(
                    $"'{line.Verb}', expected an action, form, run, run-until, show, state or check"));
                break;
        }
    }

    private void RunUntil(ScriptLine line)
    {
        var limit = line.Duration("limit", LimitDefault);
        switch (line.Word("operational or quiet"))
        {
            case "operational":
                Cluster.RunUntilOperational(limit);
                break;
            case "quiet":
                Cluster.RunUntilQuiet(limit);
                break;
            case var other:
                throw line.Error($"'{other}', expected operational or quiet");
        }
    }

    private static TranscriptParts ParseParts(ScriptLine line)
    {
        var parts = TranscriptParts.None;
        foreach (var name in line.Word("parts like membership,messages").Split(','))
        {
            parts |= Enum.TryParse<TranscriptParts>(name, ignoreCase: true, out var part)
                ? part
                : throw line.Error($"'{name}', expected {string.Join(", ", Enum.GetNames<TranscriptParts>())}");
        }

        return parts;
    }

    private void WriteState()
    {
        foreach (var node in Cluster.Simulation.Nodes)
        {
            _output.WriteLine(node.Engine is not { } engine
                ? $"{node.Id} is down, stored {node.StoredRingSequence}"
                : $"{node.Id} is in {engine.Phase}, {engine.Installed?.ToString() ?? "no ring"}, stored "
                    + $"{node.StoredRingSequence}");
        }
    }

    private void Check()
    {
        var isQuiet = ClusterConditions.MissingForQuiet(Cluster.Simulation) is null;
        var report = EvsChecker.Check(Cluster.Trace, new EvsCheckOptions { Quiescent = isQuiet });
        if (report.Holds && Cluster.Simulation.Anomalies.Count == 0)
            _output.WriteLine("every rule holds");
        foreach (var violation in report.Violations)
            _output.WriteLine(violation);
        foreach (var anomaly in Cluster.Simulation.Anomalies)
            _output.WriteLine($"rule {anomaly.Rule}: {anomaly.Text}");
    }
}
