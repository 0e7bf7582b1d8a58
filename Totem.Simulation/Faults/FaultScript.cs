using System.Text;
using Totem.Simulation.Model;

namespace Totem.Simulation.Faults;

/// <summary>
/// A whole scenario: what the cluster is made of, what happens to it when, and how it ends. Immutable. Its text is what
/// a failure prints and what <c>totem simulate --script FILE</c> replays.
/// </summary>
public sealed class FaultScript
{
    /// <summary>Longer scripts are not scripts: ours have a few dozen lines.</summary>
    private const int LinesMax = 100_000;

    internal FaultScript(ClusterSetup setup, IReadOnlyList<TimedAction> actions, ScriptEnd end)
    {
        Setup = setup;
        Actions = actions;
        End = end;
    }

    internal ClusterSetup Setup { get; }

    internal IReadOnlyList<TimedAction> Actions { get; }

    internal ScriptEnd End { get; }

    /// <summary>How many processors there are.</summary>
    public int ProcessorCount => Setup.Processors.Count;

    /// <summary>How many actions the script has.</summary>
    public int ActionCount => Actions.Count;

    /// <summary>The seed of the network's dice and the payloads.</summary>
    public ulong Seed => Setup.Seed;

    /// <summary>Reads a script.</summary>
    /// <param name="text">Its lines; what follows a <c>#</c> is skipped.</param>
    /// <param name="name">The script's name in errors: a file name.</param>
    /// <exception cref="FormatException">A line is wrong: the message has its number and says what
    /// was expected.</exception>
    public static FaultScript Parse(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text);
        var setup = new ClusterSetup { Processors = ClusterSetup.Numbered(3) };
        var actions = new List<TimedAction>();
        ScriptEnd? end = null;
        var number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            var where = $"{name}:{++number}";
            var content = ScriptText.WithoutComment(raw);
            if (content.IsEmpty)
                continue;
            if (number > LinesMax)
                throw new FormatException($"{where}: expected at most {LinesMax} lines");
            if (content.StartsWith("at "))
            {
                actions.Add(ParseTimed(content[3..].Trim().ToString(), where));
                continue;
            }

            var line = new ScriptLine(content.ToString(), where);
            if (line.Verb == "end")
                end = ParseEnd(line);
            else
                setup = SetupText.TryParse(line, setup)
                    ?? throw line.Error($"'{line.Verb}', expected seed, processors, network, options, plain, stored, "
                        + "groups, knet, at or end");
            line.Finish();
        }

        var script = new FaultScript(setup, actions, end ?? throw new FormatException($"{name}: no 'end at=…' line"));
        return script.FindProblem() is { } problem ? throw new FormatException($"{name}: {problem}") : script;
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var line in SetupText.Lines(Setup))
            text.Append(line).Append('\n');
        foreach (var action in Actions)
            text.Append(action).Append('\n');
        return text.Append(End).Append('\n').ToString();
    }

    internal FaultScript With(
        ClusterSetup? setup = null, IReadOnlyList<TimedAction>? actions = null, ScriptEnd? end = null) =>
        new(setup ?? Setup, actions ?? Actions, end ?? End);

    /// <summary>The error of the script as a whole; null when there is none.</summary>
    internal string? FindProblem()
    {
        var all = ProcessorSet.Of([.. Setup.Processors]);
        if (all.Count < 1)
            return "no processors";
        if (all.Count != Setup.Processors.Count)
            return "a processor is named twice";
        if (Setup.Options.Allowed is { } allowed && !all.IsSubsetOf(allowed))
            return $"allowed={ScriptText.Nodes(allowed)}, expected all of {all}";
        if (!Setup.Foreign.IsSubsetOf(all))
            return $"foreign={ScriptText.Nodes(Setup.Foreign)}, expected some of {all}";
        if (!Setup.Plain.IsSubsetOf(all))
            return $"plain {ScriptText.Nodes(Setup.Plain)}, expected some of {all}";
        if (!Setup.Restless.IsSubsetOf(all))
            return $"restless {ScriptText.Nodes(Setup.Restless)}, expected some of {all}";
        if (Setup.Knet is { } knet && FindProblem(knet, all) is { } problem)
            return problem;
        foreach (var action in Actions)
        {
            if (action.Action is IKnetAction link && (Setup.Knet is null || link.Link >= Setup.Knet.Links))
                return $"'{action}' without a line 'knet' that has as many links";
            if (action.Action is IGroupAction && !Setup.HasGroups)
                return $"'{action}' without a line 'groups'";
            if (action.Action.Nodes.FirstOrDefault(x => !x.IsNone && !all.Contains(x)) is { IsNone: false } stranger)
                return $"'{action}' names {stranger}, expected one of {all}";
        }

        if (!End.Down.IsSubsetOf(all))
            return $"'{End}' names a processor that is not one of {all}";
        return End.KeepCuts.SelectMany(x => x.Nodes).All(all.Contains) ? null : $"'{End}' names a link outside {all}";
    }

    private static string? FindProblem(KnetClusterSetup knet, ProcessorSet all)
    {
        if (all.Any(x => x.Value > ushort.MaxValue))
            return $"processors {all} with a line 'knet', expected ids up to {ushort.MaxValue}";
        if (!knet.Libknet.IsSubsetOf(all) || !knet.AeadOnly.IsSubsetOf(all))
            return $"libknet={ScriptText.Nodes(knet.Libknet)} aead={ScriptText.Nodes(knet.AeadOnly)}, expected some "
                + $"of {all}";
        if (knet.Format != SpokenFormat.Libknet && knet.Suite.IsClear)
            return $"format={knet.Format} without a hash, expected one: the announcement is authenticated";
        if (all.Any(x => knet.FormatOf(x) == SpokenFormat.Libknet)
            && all.Any(x => knet.FormatOf(x) == SpokenFormat.Aead))
            return "members of format=Libknet beside members of format=Aead, which share no format";
        return null;
    }

    private static TimedAction ParseTimed(string text, string where)
    {
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || !ScriptText.TryDuration(text[..space], out var at))
            throw new FormatException($"{where}: 'at {text}', expected: at 12.5ms command");
        return new TimedAction(at, ActionParser.Parse(text[(space + 1)..], where));
    }

    private static ScriptEnd ParseEnd(ScriptLine line)
    {
        var cuts = line.Optional("keep") is { } keep
            ? keep.Split(',').Select(x => (CutLink)ActionParser.Parse("cut " + x, "end")).ToArray()
            : [];
        return new ScriptEnd(
            line.Duration("at"), line.Has("down") ? line.Nodes("down") : ProcessorSet.Empty, cuts);
    }
}

/// <summary>How a scenario ends: the faults stop, and the cluster must recover.</summary>
/// <param name="At">When the faults stop.</param>
/// <param name="Down">The processors that are down then and stay down; everybody else is started.</param>
/// <param name="KeepCuts">Links that stay cut.</param>
internal sealed record ScriptEnd(TimeSpan At, ProcessorSet Down, IReadOnlyList<CutLink> KeepCuts)
{
    public override string ToString() => $"end at={ScriptText.Duration(At)}"
        + (Down.IsEmpty ? "" : $" down={ScriptText.Nodes(Down)}")
        + (KeepCuts.Count == 0 ? "" : " keep=" + string.Join(',', KeepCuts.Select(x => x.ToString()["cut ".Length..])));
}
