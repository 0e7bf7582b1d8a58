using System.Globalization;
using System.Text;

namespace Totem.Simulation.Checkers;

/// <summary>The checker's findings in one trace.</summary>
public sealed record EvsReport
{
    /// <summary>The rules that were evaluated, in the order of their numbers. 2.5 is there only
    /// when it was asked for.</summary>
    public required IReadOnlyList<EvsRule> RulesChecked { get; init; }

    /// <summary>The violations, in the order of the rules; of one rule at most
    /// <see cref="EvsCheckOptions.MaxViolationsPerRule"/>.</summary>
    public required IReadOnlyList<EvsViolation> Violations { get; init; }

    /// <summary>How many events the trace has.</summary>
    public required int EventCount { get; init; }

    /// <summary>How many lives of processors.</summary>
    public required int LifeCount { get; init; }

    /// <summary>How many different configurations were installed.</summary>
    public required int ConfigurationCount { get; init; }

    /// <summary>How many different messages were sent or delivered.</summary>
    public required int MessageCount { get; init; }

    /// <summary>How many deliveries.</summary>
    public required int DeliveryCount { get; init; }

    /// <summary>True when no rule is broken.</summary>
    public bool Holds => Violations.Count == 0;

    /// <summary>The numbers of the broken rules, each once, ascending.</summary>
    public IReadOnlyList<string> BrokenRules =>
        Violations.Select(x => x.Rule.Number).Distinct(StringComparer.Ordinal).ToArray();

    /// <summary>Does nothing when every rule holds.</summary>
    /// <exception cref="EvsBrokenException">A rule is broken; the message is the whole report.</exception>
    public void ThrowIfBroken()
    {
        if (!Holds)
            throw new EvsBrokenException(this);
    }

    /// <summary>One line of numbers, then the violations.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture,
            $"{(Holds ? "every rule holds" : $"broken: {string.Join(", ", BrokenRules)}")}; {RulesChecked.Count} "
                + $"rules, " +
            $"{EventCount} events, {LifeCount} lives, {ConfigurationCount} configurations, {MessageCount} messages, " +
            $"{DeliveryCount} deliveries"));
        foreach (var violation in Violations)
            text.Append("\n  ").Append(violation);
        return text.ToString();
    }
}

/// <summary>A trace breaks extended virtual synchrony.</summary>
public sealed class EvsBrokenException : Exception
{
    /// <summary>An exception without a report.</summary>
    public EvsBrokenException()
    {
    }

    /// <summary>An exception with a message only.</summary>
    public EvsBrokenException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    public EvsBrokenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>An exception that carries a report; its message is the report as text.</summary>
    public EvsBrokenException(EvsReport report)
        : base(report?.ToString()) => Report = report;

    /// <summary>The finding, where it is known.</summary>
    public EvsReport? Report { get; }
}
