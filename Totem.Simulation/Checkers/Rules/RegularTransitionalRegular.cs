namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 2.4: the sequence of one processor's configurations, and who comes along in a
/// transitional one.</summary>
internal sealed class RegularTransitionalRegular() : RuleCheck(EvsRule.RegularTransitionalRegular)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        var lastRegulars = new Stay?[index.Processors.Length];
        foreach (var life in index.Lives)
        {
            foreach (var stay in life.Stays)
            {
                if (stay.IsRegular)
                {
                    CheckRegular(stay, lastRegulars[life.Slot], findings);
                    lastRegulars[life.Slot] = stay;
                }
                else
                {
                    CheckTransitional(stay, findings);
                }
            }
        }

        CheckCompanions(index, findings);
    }

    private static void CheckRegular(Stay stay, Stay? lastRegular, Findings findings)
    {
        var ring = stay.Configuration.Ring;
        if (lastRegular is not null && !RingId.IsLater(ring.Sequence, lastRegular.Configuration.Ring.Sequence))
            findings.Add("a processor's ring sequence does not increase", lastRegular.Install, stay.Install);
        switch (stay.Previous)
        {
            case null:
                break;
            case { IsRegular: true } before:
                findings.Add("no transitional configuration stands between two regular ones", before.Install,
                    stay.Install);
                break;
            case var before when before.Configuration.Ring != ring:
                findings.Add("a transitional configuration leads to another ring than the next one", before.Install,
                    stay.Install);
                break;
            case var before when !before.Configuration.Members.IsSubsetOf(stay.Configuration.Members):
                findings.Add("a member of a transitional configuration is not in the next regular one", before.Install,
                    stay.Install);
                break;
        }
    }

    private static void CheckTransitional(Stay stay, Findings findings)
    {
        var previousRing = stay.Configuration.PreviousRing;
        if (stay.Previous is not { } before)
            findings.Add("a life begins with a transitional configuration", stay.Install);
        else if (!before.IsRegular)
            findings.Add("two transitional configurations follow one another", before.Install, stay.Install);
        else if (before.Configuration.Ring != previousRing)
            findings.Add("a transitional configuration names another ring as the one it follows", before.Install,
                stay.Install);
        else if (!stay.Configuration.Members.IsSubsetOf(before.Configuration.Members))
            findings.Add("a member of a transitional configuration is not in the regular one before", before.Install,
                stay.Install);
        else if (stay.Next is null && !RingId.IsLater(stay.Configuration.Ring.Sequence, previousRing.Sequence))
            findings.Add("a transitional configuration leads to a ring that is not later", before.Install,
                stay.Install);
    }

    /// <summary>
    /// The members of trans(old→new) are those who come from old to new: whoever is named and comes to new comes that
    /// way, and nobody is named who went past old without installing it.
    /// </summary>
    private static void CheckCompanions(TraceIndex index, Findings findings)
    {
        var regulars = RegularStays(index);
        foreach (var configuration in index.Configurations)
        {
            var stay = configuration.Stays[0];
            if (stay.IsRegular || findings.IsFull)
                continue;
            foreach (var member in stay.Configuration.Members)
            {
                if (!regulars.TryGetValue(member, out var its))
                    continue;
                var arrival = its.Find(x => x.Configuration.Ring == stay.Configuration.Ring);
                if (arrival is not null && arrival.Previous?.Entry != configuration)
                    findings.Add($"{member} is said to come along from ring {stay.Configuration.PreviousRing} and "
                        + "comes another way", stay.Install, arrival.Install);
                else if (WentPast(its, stay.Configuration.PreviousRing) is { } later)
                    findings.Add($"{member} is said to come along from ring {stay.Configuration.PreviousRing} and "
                        + "never installed it", stay.Install, later.Install);
            }
        }
    }

    private static Stay? WentPast(List<Stay> stays, RingId ring)
    {
        if (stays.Exists(x => x.Configuration.Ring == ring))
            return null;
        for (var i = 1; i < stays.Count; i++)
        {
            var isSameLife = stays[i].Life == stays[i - 1].Life;
            if (isSameLife && RingId.IsLater(ring.Sequence, stays[i - 1].Configuration.Ring.Sequence)
                && RingId.IsLater(stays[i].Configuration.Ring.Sequence, ring.Sequence))
                return stays[i];
        }

        return null;
    }

    private static Dictionary<ProcessorId, List<Stay>> RegularStays(TraceIndex index)
    {
        var stays = new Dictionary<ProcessorId, List<Stay>>();
        foreach (var life in index.Lives)
        {
            if (!stays.TryGetValue(life.Id.Processor, out var list))
                stays.Add(life.Id.Processor, list = []);
            list.AddRange(life.Stays.Where(x => x.IsRegular));
        }

        return stays;
    }
}
