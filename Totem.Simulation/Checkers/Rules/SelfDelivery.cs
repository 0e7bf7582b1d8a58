using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 3, demanded where the sender's life went on past com(c).</summary>
internal sealed class SelfDelivery() : RuleCheck(EvsRule.SelfDelivery)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        for (var e = 0; e < index.Events.Length && !findings.IsFull; e++)
        {
            if (index.Events[e].Kind != TraceEventKind.Send || index.Stays[e] is not { IsRegular: true } stay)
                continue;
            var m = index.Messages.Of[e];
            var passage = index.Rings.PassageOf(stay);
            // A send that names another ring than the installed one is 2.1's.
            if (index.Messages.Rings[m] != passage.Ring.Id || !passage.IsOver || passage.At(index.Rings.Local(m)) >= 0)
                continue;
            findings.Add($"{index.Messages.Id(m)} is not delivered by its own sender in {Com.Name(passage)}", e,
                passage.EndEvent);
        }
    }
}
