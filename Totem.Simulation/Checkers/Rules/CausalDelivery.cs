using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>
/// Rule 5. The events before a send, within its regular configuration, are those that its sender had sent and delivered
/// there, and those that had happened before them. It is enough to ask, for each send, about what is new since the
/// sender's send before: if everybody who delivers a message has delivered those before it, then by induction all the
/// rest.
/// </summary>
internal sealed class CausalDelivery() : RuleCheck(EvsRule.CausalDelivery)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        foreach (var ring in index.Rings.All)
        {
            foreach (var sender in ring.Passages)
                CheckSends(index, sender, findings);
        }
    }

    private static void CheckSends(TraceIndex index, Passage sender, Findings findings)
    {
        var sinceLastSend = new List<int>();
        for (var e = sender.Regular.Install + 1; e < sender.Regular.End && !findings.IsFull; e++)
        {
            var m = index.Messages.Of[e];
            if (m < 0 || index.Messages.Rings[m] != sender.Ring.Id)
                continue;
            if (index.Messages.Send(m) == e)
            {
                foreach (var receiver in sender.Ring.Passages)
                    CheckReceiver(index, receiver, e, sinceLastSend, findings);
                sinceLastSend.Clear();
                sinceLastSend.Add(e);
            }
            else if (index.Events[e].Kind == TraceEventKind.Deliver)
            {
                sinceLastSend.Add(e);
            }
        }
    }

    private static void CheckReceiver(TraceIndex index, Passage receiver, int send, List<int> before, Findings findings)
    {
        var delivery = receiver.At(index.Rings.Local(index.Messages.Of[send]));
        if (delivery < 0)
            return;
        foreach (var cause in before)
        {
            var earlier = receiver.At(index.Rings.Local(index.Messages.Of[cause]));
            // A message delivered before it is sent is no cause of itself: that is 1.1's.
            if ((earlier >= 0 && earlier < delivery) || index.Messages.Of[cause] == index.Messages.Of[send])
                continue;
            var (first, second) = (index.Events[cause].Message, index.Events[send].Message);
            findings.Add(
                $"{receiver.Processor} delivers {second} {(earlier < 0 ? "and never" : "before")} {first}, " +
                $"which {index.Events[send].Processor} had "
                    + $"{(index.Messages.Send(index.Messages.Of[cause]) == cause ? "sent" : "delivered")} " +
                $"before it sent {second}",
                cause, send, delivery, earlier);
            return;
        }
    }
}
