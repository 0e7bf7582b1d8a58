namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 2.2: one name, one membership, with whoever installs it.</summary>
internal sealed class SameMembers() : RuleCheck(EvsRule.SameMembers)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        foreach (var configuration in index.Configurations)
        {
            var first = configuration.Stays[0];
            foreach (var stay in configuration.Stays)
            {
                if (stay.Configuration.Members != first.Configuration.Members)
                    findings.Add("one configuration is installed with different members", first.Install, stay.Install);
                if (!stay.Configuration.Members.Contains(stay.Life.Id.Processor))
                    findings.Add($"{stay.Life.Id.Processor} installs a configuration that it is no member of",
                        stay.Install);
            }
        }
    }
}
