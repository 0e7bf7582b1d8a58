namespace Totem.Simulation.Checkers;

/// <summary>Where one rule puts what it found, up to a bound.</summary>
internal sealed class Findings(TraceIndex index, EvsRule rule, List<EvsViolation> violations, int max)
{
    /// <summary>A cycle may be long; a report of more events than this is not read by anybody.</summary>
    private const int EventsPerViolationMax = 12;

    private int _count;

    /// <summary>True when the bound is reached: the rule need not look on.</summary>
    public bool IsFull => _count >= max;

    /// <summary>Adds a violation, unless the bound is reached.</summary>
    /// <param name="explanation">A sentence without a full stop.</param>
    /// <param name="events">Numbers of the events that show it; negative ones (no such event) are left out.</param>
    public void Add(string explanation, params ReadOnlySpan<int> events)
    {
        if (IsFull)
            return;
        _count++;
        var evidence = new List<EvsEvidence>();
        foreach (var e in events)
        {
            if (e >= 0 && evidence.Count < EventsPerViolationMax)
                evidence.Add(index.Evidence(e));
        }

        violations.Add(new EvsViolation(rule, explanation, evidence));
    }
}
