namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 2.5, where the options say who could reach whom at the end.</summary>
internal sealed class LastConfiguration() : RuleCheck(EvsRule.LastConfiguration)
{
    public override bool IsAsked(EvsCheckOptions options) => options.ExpectedComponents is not null;

    public override void Evaluate(TraceIndex index, Findings findings)
    {
        foreach (var component in index.Options.ExpectedComponents!)
        {
            Stay? first = null;
            foreach (var member in component)
            {
                var life = index.Lives.FindLast(x => x.Id.Processor == member);
                if (life is not { IsLive: true })
                {
                    findings.Add($"{member} is expected in {component} and is not alive at the end",
                        LastEvent(index, member));
                    continue;
                }

                var last = life.Stays.Count == 0 ? null : life.Stays[^1];
                if (last is null)
                    findings.Add($"{member} is expected in {component} and has installed nothing",
                        LastEvent(index, member));
                else if (!last.IsRegular || last.Configuration.Members != component)
                    findings.Add($"{member} is expected to end in a regular configuration of {component}",
                        last.Install);
                else if (first is not null && last.Configuration.Ring != first.Configuration.Ring)
                    findings.Add($"the members of {component} end on different rings", first.Install, last.Install);
                else
                    first ??= last;
            }
        }
    }

    private static int LastEvent(TraceIndex index, ProcessorId processor)
    {
        var slot = Array.IndexOf(index.Processors, processor);
        return slot < 0 ? -1 : index.FirstEvents[slot + 1] - 1;
    }
}
