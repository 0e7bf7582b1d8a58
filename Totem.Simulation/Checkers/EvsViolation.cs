using System.Globalization;
using System.Text;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>One broken promise.</summary>
/// <param name="Rule">The rule that is broken.</param>
/// <param name="Explanation">A sentence that says how.</param>
/// <param name="Events">The few events that break it.</param>
public sealed record EvsViolation(EvsRule Rule, string Explanation, IReadOnlyList<EvsEvidence> Events)
{
    /// <summary>The rule and the sentence, then one line per event.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"rule {Rule}: {Explanation}");
        foreach (var evidence in Events)
            text.Append("\n    ").Append(evidence);
        return text.ToString();
    }
}

/// <summary>An event with the place where it stands.</summary>
/// <param name="Event">The event.</param>
/// <param name="Index">Its place among all events of its processor, from 0.</param>
/// <param name="Within">The configuration that was installed there at that moment; null before the
/// first of that life.</param>
public sealed record EvsEvidence(TraceEvent Event, int Index, Configuration? Within)
{
    /// <summary><c>2#1 [17] 1.250000 s: delivers 1#1/4 (safe, sent on 1.8) in regular 1.8 {1, 2}</c>.</summary>
    public override string ToString()
    {
        var seconds = Event.TimeTicks / (double)TimeSpan.TicksPerSecond;
        return string.Create(
            CultureInfo.InvariantCulture, $"{Event.Processor}#{Event.Incarnation} [{Index}] {seconds:F6} s: {What()}");
    }

    private string What() => Event.Kind switch
    {
        TraceEventKind.Start => "starts",
        TraceEventKind.Fail => "fails",
        TraceEventKind.Install => $"installs {Event.Configuration}",
        TraceEventKind.Send => $"sends {Message()} {Where()}",
        _ => $"delivers {Message()} {Where()}",
    };

    private string Message()
    {
        var guarantee = Event.Guarantee == Guarantee.Safe ? "safe" : "agreed";
        return $"{Event.Message} ({guarantee}, ring {Event.Ring}, hash {Event.PayloadHash:x})";
    }

    private string Where() => Within is null ? "before any configuration" : $"in {Within}";
}
