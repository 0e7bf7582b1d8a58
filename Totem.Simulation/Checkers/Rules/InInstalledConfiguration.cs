using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>Rule 2.1: what an event says about its ring is what its processor has installed.</summary>
internal sealed class InInstalledConfiguration() : RuleCheck(EvsRule.InInstalledConfiguration)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        for (var e = 0; e < index.Events.Length && !findings.IsFull; e++)
        {
            var current = index.Events[e];
            if (current.Kind is not (TraceEventKind.Send or TraceEventKind.Deliver))
                continue;
            var what = current.Kind == TraceEventKind.Send ? "sent" : "delivered";
            if (index.Stays[e] is not { } stay)
                findings.Add($"{current.Message} is {what} before a configuration is installed", e);
            else if (current.Ring != stay.RegularRing)
                findings.Add($"{current.Message} of ring {current.Ring} is {what} in {stay.Configuration}",
                    stay.Install, e);
            else if (current.Kind == TraceEventKind.Send && !stay.IsRegular)
                findings.Add($"{current.Message} is sent in a transitional configuration", stay.Install, e);
        }
    }
}
