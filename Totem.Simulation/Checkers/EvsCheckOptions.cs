namespace Totem.Simulation.Checkers;

/// <summary>
/// Facts about the end of a run that the checker may take for granted. By default nothing: a trace may stop anywhere,
/// and what could still have happened is not demanded.
/// </summary>
public sealed record EvsCheckOptions
{
    /// <summary>A run that stopped at an arbitrary moment, every event written.</summary>
    public static EvsCheckOptions Default { get; } = new();

    /// <summary>
    /// The run ended because nothing was left to do. Then a live processor (no <c>Fail</c> at its end, not torn) has
    /// delivered everything it will ever deliver: rules 3, 4 and 7.1 also hold for the configuration it ended in.
    /// </summary>
    public bool Quiescent { get; init; }

    /// <summary>
    /// The sets of processors that could reach one another at the end, for long enough. Null: rule 2.5 is not
    /// evaluated. Every member must be alive at the end.
    /// </summary>
    public IReadOnlyList<ProcessorSet>? ExpectedComponents { get; init; }

    /// <summary>
    /// Lives whose last events may be missing, because the process was killed before it wrote them. A message of such a
    /// life that was delivered but is not in its trace is taken for sent (all deliveries must then agree about it), and
    /// such a life counts as failed.
    /// </summary>
    public IReadOnlyCollection<LifeId> TornLives { get; init; } = [];

    /// <summary>How many violations of one rule are described, at least 1; a rule's evaluation stops there.</summary>
    public int MaxViolationsPerRule { get; init; } = 20;
}

/// <summary>Names one life of one processor.</summary>
/// <param name="Processor">The processor.</param>
/// <param name="Incarnation">Which of its lives, from 1.</param>
public readonly record struct LifeId(ProcessorId Processor, int Incarnation)
{
    /// <summary><c>3#2</c>: the second life of processor 3.</summary>
    public override string ToString() => $"{Processor}#{Incarnation}";
}
