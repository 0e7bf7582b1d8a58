using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 1.3: one send a message, one delivery a message and processor (over all its lives).</summary>
internal sealed class OnlyOnce() : RuleCheck(EvsRule.OnlyOnce)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        for (var e = 0; e < index.Events.Length && !findings.IsFull; e++)
        {
            if (index.Events[e].Kind == TraceEventKind.Send && index.Messages.Send(index.Messages.Of[e]) is var first
                && first != e)
                findings.Add($"{index.Events[e].Message} is sent twice", first, e);
        }

        for (var m = 0; m < index.Messages.Count && !findings.IsFull; m++)
        {
            // Deliveries stand by processor, so that a repeated one follows the first.
            var deliveries = index.Messages.Deliveries(m);
            for (var i = 1; i < deliveries.Length; i++)
            {
                if (index.Slots[deliveries[i]] == index.Slots[deliveries[i - 1]])
                    findings.Add($"{index.Messages.Id(m)} is delivered twice", deliveries[i - 1], deliveries[i]);
            }
        }
    }
}
