using Totem.Simulation.Checkers.Rules;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>
/// Holds a trace against every rule of extended virtual synchrony (EVS §2). It keeps no state, any
/// thread may call it, and it takes time linear in the trace (times the members of a ring for rules 5, 6.2).
/// </summary>
public static class EvsChecker
{
    private static readonly RuleCheck[] Checks =
    [
        new HappenedBefore(), new SentBefore(), new OnlyOnce(),
        new InInstalledConfiguration(), new SameMembers(), new SimultaneousInstalls(), new RegularTransitionalRegular(),
        new LastConfiguration(),
        new SelfDelivery(), new FailureAtomicity(), new CausalDelivery(),
        new TotalOrder(), new NoHoles(),
        new SafeDelivery(), new SafeInstalled(),
    ];

    /// <summary>Evaluates every rule, whatever the others find.</summary>
    /// <param name="trace">The merged events of all processors; not changed.</param>
    /// <param name="options">Facts about the end of the run; null means <see cref="EvsCheckOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">An install in the trace names no configuration, or an
    /// option is out of range.</exception>
    public static EvsReport Check(Trace trace, EvsCheckOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(trace);
        options ??= EvsCheckOptions.Default;
        if (options.MaxViolationsPerRule < 1)
            throw new ArgumentException($"MaxViolationsPerRule is {options.MaxViolationsPerRule}, at least 1 expected",
                nameof(options));

        var index = new TraceIndex(trace, options);
        var rules = new List<EvsRule>(Checks.Length);
        var violations = new List<EvsViolation>();
        foreach (var check in Checks)
        {
            if (!check.IsAsked(options))
                continue;
            rules.Add(check.Rule);
            check.Evaluate(index, new Findings(index, check.Rule, violations, options.MaxViolationsPerRule));
        }

        return new EvsReport
        {
            RulesChecked = rules,
            Violations = violations,
            EventCount = index.Events.Length,
            LifeCount = index.Lives.Count,
            ConfigurationCount = index.Configurations.Count,
            MessageCount = index.Messages.Count,
            DeliveryCount = index.Messages.DeliveryCount,
        };
    }

    /// <summary>Checks and throws when a rule is broken.</summary>
    /// <exception cref="EvsBrokenException">A rule is broken; the message is the whole report.</exception>
    public static void AssertHolds(Trace trace, EvsCheckOptions? options = null) =>
        Check(trace, options).ThrowIfBroken();
}
