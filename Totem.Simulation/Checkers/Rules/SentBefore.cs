using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 1.2: a delivery has its send, with the same bytes, on the same ring, not after it.</summary>
internal sealed class SentBefore() : RuleCheck(EvsRule.SentBefore)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        CheckSenders(index, findings);
        var lastSent = LastNumbers(index);
        for (var m = 0; m < index.Messages.Count && !findings.IsFull; m++)
        {
            var deliveries = index.Messages.Deliveries(m);
            var send = index.Messages.Send(m);
            if (deliveries.IsEmpty)
                continue;
            if (send < 0 && !MayBeLost(index, m, lastSent))
            {
                findings.Add($"{index.Messages.Id(m)} is delivered and was never sent", deliveries[0]);
                continue;
            }

            // Without the send, all deliveries must at least tell the same.
            var told = send < 0 ? deliveries[0] : send;
            foreach (var delivery in deliveries)
                CheckDelivery(index, told, delivery, findings);
        }
    }

    private static void CheckSenders(TraceIndex index, Findings findings)
    {
        for (var e = 0; e < index.Events.Length; e++)
        {
            var x = index.Events[e];
            if (x.Kind == TraceEventKind.Send
                && (x.Message.Sender != x.Processor || x.Message.Incarnation != x.Incarnation))
                findings.Add($"a message is sent under the name of {x.Message.Sender}#{x.Message.Incarnation}", e);
        }
    }

    private static void CheckDelivery(TraceIndex index, int told, int delivery, Findings findings)
    {
        var (sent, got) = (index.Events[told], index.Events[delivery]);
        if (got.PayloadHash != sent.PayloadHash)
            findings.Add($"{got.Message} is delivered with other bytes than it was sent with", told, delivery);
        else if (got.Guarantee != sent.Guarantee)
            findings.Add($"{got.Message} is delivered as {got.Guarantee} and was sent as {sent.Guarantee}",
                told, delivery);
        else if (got.Ring != sent.Ring)
            findings.Add($"{got.Message} is delivered as a message of ring {got.Ring} and was sent on {sent.Ring}",
                told, delivery);
        else if (!index.IsOrdered && index.HappenedBefore.AreOnOneCycle(told, delivery))
            findings.Add($"{got.Message} is delivered before it is sent", delivery, told);
    }

    /// <summary>By life, the highest number of a message that its trace shows as sent.</summary>
    private static Dictionary<LifeId, long> LastNumbers(TraceIndex index)
    {
        var numbers = new Dictionary<LifeId, long>();
        for (var m = 0; m < index.Messages.Count; m++)
        {
            if (index.Messages.Send(m) < 0)
                continue;
            var id = index.Messages.Id(m);
            var life = new LifeId(id.Sender, id.Incarnation);
            numbers[life] = Math.Max(id.Number, numbers.GetValueOrDefault(life));
        }

        return numbers;
    }

    private static bool MayBeLost(TraceIndex index, int message, Dictionary<LifeId, long> lastSent)
    {
        var id = index.Messages.Id(message);
        var life = new LifeId(id.Sender, id.Incarnation);
        return index.IsTorn(life) && id.Number > lastSent.GetValueOrDefault(life);
    }
}
