using Totem.Simulation.Traces;

namespace Totem.Tests.Checkers;

/// <summary>
/// The rules about order and delivery once more, word for word and without a thought for speed: all pairs, transitive
/// closures. The fast checker must say the same as this one.
/// </summary>
internal sealed class LiteralRules
{
    private readonly List<At> _events = [];
    private readonly Dictionary<MessageId, At> _sends = [];
    private readonly bool _isQuiescent;
    private readonly bool[,] _before;

    public LiteralRules(Trace trace, bool isQuiescent)
    {
        _isQuiescent = isQuiescent;
        foreach (var processor in trace.Processors)
            Read(trace[processor]);
        foreach (var e in _events.Where(x => x.Kind == TraceEventKind.Send))
            _sends.TryAdd(e.Event.Message, e);
        _before = Closure(_events.Count, Steps());
    }

    /// <summary>The numbers of the rules 1.1, 2.3, 3, 4, 5, 6.1, 6.2, 7.1, 7.2 that are broken.</summary>
    public string[] Broken()
    {
        var broken = new List<string>();
        AddIf(broken, "1.1", _events.Exists(x => _before[x.Number, x.Number]));
        AddIf(broken, "2.3", !AreInstallsSimultaneous());
        AddIf(broken, "3", !IsSelfDelivered());
        AddIf(broken, "4", !IsAtomic());
        AddIf(broken, "5", !IsCausal());
        AddIf(broken, "6.1", !IsTotallyOrdered());
        AddIf(broken, "6.2", !IsWithoutHoles());
        AddIf(broken, "7.1", !IsSafe());
        AddIf(broken, "7.2", !IsSafeInstalled());
        return [.. broken];
    }

    private IEnumerable<At> Deliveries => _events.Where(x => x.Kind == TraceEventKind.Deliver);

    private IEnumerable<Stay> Stays => _events.Where(x => x.Stay is not null).Select(x => x.Stay!).Distinct();

    private static void AddIf(List<string> broken, string rule, bool isBroken)
    {
        if (isBroken)
            broken.Add(rule);
    }

    private bool AreInstallsSimultaneous()
    {
        // One install of c happened before another: then so it is with the two taken as one.
        var steps = Steps().ToList();
        var count = steps.Count;
        foreach (var a in _events.Where(x => x.Kind == TraceEventKind.Install))
            steps.AddRange(_events.Where(b => b.Kind == TraceEventKind.Install && b != a
                && b.Stay!.Name == a.Stay!.Name).Select(b => (a.Number, b.Number)));
        var reach = Closure(_events.Count, steps);
        return !steps.Take(count).Any(x => x.Item1 == x.Item2 || reach[x.Item2, x.Item1]);
    }

    private bool IsSelfDelivered() => _events.Where(x => x is { Kind: TraceEventKind.Send, Stay.IsRegular: true })
        .All(send => !IsOver(send.Stay!) || DeliversInCom(send.Stay!, send.Event.Message));

    private bool IsAtomic() => Stays.All(a => Stays.All(b =>
        a.Name != b.Name || !HasSameNext(a, b) || DeliveredIn(a).ToHashSet().SetEquals(DeliveredIn(b))));

    private bool IsCausal() => _sends.Values.All(first => _sends.Values.All(second =>
        first.Event.Ring != second.Event.Ring || !_before[first.Number, second.Number]
        || Deliveries.Where(x => x.Event.Message == second.Event.Message).All(delivery => Deliveries.Any(x =>
            x.Event.Message == first.Event.Message && x.Event.Processor == delivery.Event.Processor
                && x.Number < delivery.Number))));

    private bool IsTotallyOrdered()
    {
        var items = new Dictionary<object, int>();
        var steps = new List<(int, int)>();
        foreach (var processor in _events.GroupBy(x => x.Event.Processor))
        {
            var mine = processor.Where(x => x.Kind is TraceEventKind.Deliver or TraceEventKind.Install)
                .Select(x => x.Kind == TraceEventKind.Deliver ? (object)x.Event.Message : x.Stay!.Name)
                .Distinct().ToList();
            foreach (var item in mine)
                items.TryAdd(item, items.Count);
            for (var i = 0; i < mine.Count; i++)
                steps.AddRange(mine.Skip(i + 1).Select(x => (items[mine[i]], items[x])));
        }

        var before = Closure(items.Count, steps);
        return Enumerable.Range(0, items.Count).All(x => !before[x, x]);
    }

    private bool IsWithoutHoles()
    {
        foreach (var later in Deliveries)
        {
            foreach (var m in Deliveries.Where(x => x.Event.Processor == later.Event.Processor
                && x.Number < later.Number && x.Event.Ring == later.Event.Ring))
            {
                foreach (var q in Deliveries.Where(x => x.Event.Message == later.Event.Message
                    && x.Stay!.Configuration.Members.Contains(m.Event.Message.Sender)))
                {
                    if (!Deliveries.Any(x => x.Event.Message == m.Event.Message
                        && x.Event.Processor == q.Event.Processor && x.Number < q.Number))
                        return false;
                }
            }
        }

        return true;
    }

    private bool IsSafe() => Deliveries.Where(x => x.Event.Guarantee == Guarantee.Safe).All(delivery => Stays
        .Where(x => x.IsRegular && x.Configuration.Ring == delivery.Event.Ring
            && delivery.Stay!.Configuration.Members.Contains(x.Processor) && IsOver(x))
        .All(x => DeliversInCom(x, delivery.Event.Message)));

    private bool IsSafeInstalled() =>
        Deliveries.Where(x => x is { Event.Guarantee: Guarantee.Safe, Stay.IsRegular: true }).All(delivery =>
        delivery.Stay!.Configuration.Members.All(
            q => Stays.Any(x => x.Processor == q && x.Name == delivery.Stay.Name)));

    private bool DeliversInCom(Stay regular, MessageId message) =>
        DeliveredIn(regular).Contains(message)
            || (regular.Transitional is { } next && DeliveredIn(next).Contains(message));

    private bool IsOver(Stay regular)
    {
        var last = regular.Transitional ?? regular;
        return last.Next is not null || (_isQuiescent && last.IsAliveAtEnd);
    }

    private bool HasSameNext(Stay a, Stay b) => a.Next is { } next
        ? b.Next is not null && b.Next.Name == next.Name
        : b.Next is null && _isQuiescent && a.IsAliveAtEnd && b.IsAliveAtEnd;

    private IEnumerable<MessageId> DeliveredIn(Stay stay) =>
        Deliveries.Where(x => x.Stay == stay).Select(x => x.Event.Message);

    private void Read(IReadOnlyList<TraceEvent> events)
    {
        Stay? stay = null;
        var stays = new List<Stay>();
        foreach (var e in events)
        {
            if (e.Kind == TraceEventKind.Start)
            {
                stay = null;
                stays.Clear();
            }

            if (e.Kind == TraceEventKind.Install)
            {
                var next = new Stay(e.Processor, e.Configuration!);
                if (stay is not null)
                    stay.Next = next;
                stay = next;
                stays.Add(stay);
            }

            _events.Add(new At(_events.Count, e, stay));
        }

        if (events[^1].Kind != TraceEventKind.Fail)
            stays.ForEach(x => x.IsAliveAtEnd = true);
    }

    private IEnumerable<(int, int)> Steps()
    {
        for (var i = 1; i < _events.Count; i++)
        {
            if (_events[i].Event.Processor == _events[i - 1].Event.Processor)
                yield return (i - 1, i);
        }

        foreach (var delivery in Deliveries)
        {
            if (_sends.TryGetValue(delivery.Event.Message, out var send))
                yield return (send.Number, delivery.Number);
        }
    }

    private static bool[,] Closure(int count, IEnumerable<(int, int)> steps)
    {
        var next = steps.ToLookup(x => x.Item1, x => x.Item2);
        var reach = new bool[count, count];
        for (var start = 0; start < count; start++)
        {
            var open = new Stack<int>([start]);
            while (open.TryPop(out var at))
            {
                foreach (var x in next[at])
                {
                    if (reach[start, x])
                        continue;
                    reach[start, x] = true;
                    open.Push(x);
                }
            }
        }

        return reach;
    }

    private sealed record At(int Number, TraceEvent Event, Stay? Stay)
    {
        public TraceEventKind Kind => Event.Kind;
    }

    private sealed class Stay(ProcessorId processor, Configuration configuration)
    {
        public ProcessorId Processor => processor;

        public Configuration Configuration => configuration;

        public Stay? Next { get; set; }

        public bool IsAliveAtEnd { get; set; }

        public bool IsRegular => configuration.Kind == ConfigurationKind.Regular;

        public Stay? Transitional => Next is { IsRegular: false } ? Next : null;

        public (ConfigurationKind, RingId, RingId) Name =>
            (configuration.Kind, configuration.Ring, IsRegular ? default : configuration.PreviousRing);
    }
}
