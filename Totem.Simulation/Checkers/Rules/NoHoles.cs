using System.Runtime.InteropServices;

namespace Totem.Simulation.Checkers.Rules;

/// <summary>
/// Rule 6.2, for every two processors that passed through one ring: walking in the order of one, the latest place at
/// the other of anything so far must not be behind the place of the message at hand. Two such maxima are kept, because
/// the other's transitional configuration asks only about its own members' messages.
/// </summary>
internal sealed class NoHoles() : RuleCheck(EvsRule.NoHoles)
{
    public override void Evaluate(TraceIndex index, Findings findings)
    {
        foreach (var ring in index.Rings.All)
        {
            foreach (var reference in ring.Passages)
            {
                foreach (var other in ring.Passages)
                {
                    if (findings.IsFull)
                        return;
                    if (!IsPrefix(reference, other))
                        Compare(index, reference, other, findings);
                }
            }
        }
    }

    /// <summary>The usual case, told fast: one delivered the same as the other, or its beginning.
    /// Then there is no hole.</summary>
    private static bool IsPrefix(Passage reference, Passage other)
    {
        var a = CollectionsMarshal.AsSpan(reference.Order);
        var b = CollectionsMarshal.AsSpan(other.Order);
        var length = Math.Min(a.Length, b.Length);
        return a[..length].SequenceEqual(b[..length]);
    }

    private static void Compare(TraceIndex index, Passage reference, Passage other, Findings findings)
    {
        var regular = new Latest(other.Regular.Configuration.Members);
        var transitional = new Latest(other.Transitional?.Configuration.Members ?? ProcessorSet.Empty);
        foreach (var local in reference.Order)
        {
            var at = other.At(local);
            if (at >= 0)
            {
                var latest = other.StayAt(at) == other.Regular ? regular : transitional;
                if (latest.Place > at)
                {
                    Report(index, reference, other, latest.Local, local, findings);
                    return;
                }
            }

            var sender = index.Messages.Id(other.Ring.Messages[local]).Sender;
            regular.Note(local, sender, at);
            transitional.Note(local, sender, at);
        }
    }

    private static void Report(
        TraceIndex index, Passage reference, Passage other, int missing, int local, Findings findings)
    {
        var (m, later) =
            (index.Messages.Id(other.Ring.Messages[missing]), index.Messages.Id(other.Ring.Messages[local]));
        findings.Add(
            $"{reference.Processor} delivers {m} before {later}, and {other.Processor} delivers {later} " +
            $"{(other.At(missing) < 0 ? "and never" : "before")} {m}, though the sender is a member",
            reference.At(missing), reference.At(local), other.At(local), other.At(missing));
    }

    /// <summary>Of the messages noted that members sent, the one that stands last at the other
    /// processor, or is missing there.</summary>
    private sealed class Latest(ProcessorSet members)
    {
        private ProcessorId _lastSender;
        private bool _isMember;

        public int Place { get; private set; } = -1;

        public int Local { get; private set; } = -1;

        public void Note(int local, ProcessorId sender, int at)
        {
            var place = at < 0 ? int.MaxValue : at;
            if (place <= Place)
                return;
            if (sender != _lastSender)
                (_lastSender, _isMember) = (sender, members.Contains(sender));
            if (_isMember)
                (Place, Local) = (place, local);
        }
    }
}
