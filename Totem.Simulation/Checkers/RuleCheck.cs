namespace Totem.Simulation.Checkers;

/// <summary>
/// The evaluation of one rule. It must stand any trace, also one that breaks other rules, and should not report again
/// what another rule is there to report.
/// </summary>
internal abstract class RuleCheck(EvsRule rule)
{
    /// <summary>The rule that is evaluated.</summary>
    public EvsRule Rule => rule;

    /// <summary>False when the options do not hold what the rule needs.</summary>
    public virtual bool IsAsked(EvsCheckOptions options) => true;

    /// <summary>Looks through the trace.</summary>
    public abstract void Evaluate(TraceIndex index, Findings findings);
}
