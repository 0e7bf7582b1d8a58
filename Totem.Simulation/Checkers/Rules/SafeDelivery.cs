namespace Totem.Simulation.Checkers.Rules;

/// <summary>
/// Rule 7.1. A safe message that is delivered in c obliges the members of c, each in its own com of the ring that the
/// message was sent on (after a second failure that may be another transitional configuration than c), and only those
/// whose passage is over.
/// </summary>
internal sealed class SafeDelivery() : RuleCheck(EvsRule.SafeDelivery)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        foreach (var ring in index.Rings.All)
        {
            for (var local = 0; local < ring.Messages.Count && !findings.IsFull; local++)
            {
                if (index.Messages.Safe[ring.Messages[local]])
                    CheckMessage(index, ring, local, findings);
            }
        }
    }

    private static void CheckMessage(TraceIndex index, RingLog ring, int local, Findings findings)
    {
        // Nearly always everybody delivers in one configuration: ask about its members once.
        Stay? asked = null;
        foreach (var passage in ring.Passages)
        {
            var delivery = passage.At(local);
            if (delivery < 0)
                continue;
            var stay = passage.StayAt(delivery);
            if (asked is not null && asked.Entry == stay.Entry)
                continue;
            asked = stay;
            foreach (var obliged in ring.Passages)
                CheckObliged(index, obliged, stay.Configuration.Members, local, delivery, findings);
        }
    }

    private static void CheckObliged(
        TraceIndex index, Passage obliged, ProcessorSet members, int local, int delivery, Findings findings)
    {
        if (obliged.At(local) >= 0 || !obliged.IsOver || !members.Contains(obliged.Processor))
            return;
        findings.Add(
            $"safe message {index.Events[delivery].Message} is delivered by {index.Events[delivery].Processor} and "
                + "not by " +
            $"{obliged.Processor} in {Com.Name(obliged)}",
            delivery, obliged.Regular.Install, obliged.EndEvent);
    }
}
