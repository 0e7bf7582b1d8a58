namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 7.2: where a safe message is delivered in reg(c), all members of c show an install of c.</summary>
internal sealed class SafeInstalled() : RuleCheck(EvsRule.SafeInstalled)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        var torn = index.Options.TornLives.Select(x => x.Processor).ToHashSet();
        foreach (var ring in index.Rings.All)
        {
            if (FirstSafe(index, ring) is not (>= 0 and var delivery))
                continue;
            var installed = ring.Passages.Select(x => x.Processor).ToHashSet();
            foreach (var member in index.Stays[delivery]!.Configuration.Members)
            {
                if (!installed.Contains(member) && !torn.Contains(member))
                {
                    findings.Add(
                        $"safe message {index.Events[delivery].Message} is delivered in "
                            + $"{index.Stays[delivery]!.Configuration}, " +
                        $"which {member} never installed",
                        index.Stays[delivery]!.Install, delivery);
                }
            }
        }
    }

    /// <summary>The first safe delivery in the ring's regular configuration; -1 when there is none.</summary>
    private static int FirstSafe(TraceIndex index, RingLog ring)
    {
        foreach (var passage in ring.Passages)
        {
            foreach (var local in passage.Order)
            {
                var at = passage.At(local);
                if (index.Messages.Safe[ring.Messages[local]] && passage.StayAt(at) == passage.Regular)
                    return at;
            }
        }

        return -1;
    }
}
