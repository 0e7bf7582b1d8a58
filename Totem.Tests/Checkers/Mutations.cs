using Totem.Simulation.Traces;

namespace Totem.Tests.Checkers;

/// <summary>
/// Ways to spoil a trace. Each picks a place with the random numbers it is given and changes the lists, or returns
/// false when the trace has no such place.
/// </summary>
internal sealed class Mutations(IEnumerable<TraceEvent> events, Random random)
{
    private readonly SortedDictionary<ProcessorId, List<TraceEvent>> _lists =
        new(events.GroupBy(x => x.Processor).ToDictionary(x => x.Key, x => x.ToList()));

    /// <summary>Other delivery events than before; sends and installs stay where they are.</summary>
    public static readonly string[] OfDeliveries = ["drop", "swap", "move", "add", "promote", "lose everywhere", "cut"];

    public Trace Trace => LegalRun.Of(_lists.Values.SelectMany(x => x));

    public bool TryApply(string mutation)
    {
        var list = _lists.Values.ElementAt(random.Next(_lists.Count));
        return mutation switch
        {
            "drop" => TryPick(list, IsDelivery, out var at) && Do(() => list.RemoveAt(at)),
            "swap" => TryPick(list, (x, i) => i > 0 && IsDelivery(x, i) && IsDelivery(list[i - 1], i - 1), out var at)
                && Do(() => (list[at], list[at - 1]) = (list[at - 1], list[at])),
            "move" => TryMove(list),
            "add" => TryAdd(list),
            "promote" => TryPromote(),
            "lose everywhere" => TryLose(),
            "cut" => list.Count > 1 && random.Next(list.Count) is > 0 and var length
                && Do(() => list.RemoveRange(length, list.Count - length)),
            _ => throw new ArgumentException($"no mutation is called {mutation}", nameof(mutation)),
        };
    }

    /// <summary>Changes one event that fits, anywhere.</summary>
    public bool TryReplace(Func<TraceEvent, bool> fits, Func<TraceEvent, IEnumerable<TraceEvent>> by)
    {
        var places = _lists.Values.SelectMany(list => Enumerable.Range(0, list.Count).Where(i => fits(list[i]))
            .Select(i => (list, i))).ToList();
        if (places.Count == 0)
            return false;
        var (found, at) = places[random.Next(places.Count)];
        var replacement = by(found[at]).ToList();
        found.RemoveAt(at);
        found.InsertRange(at, replacement);
        return true;
    }

    /// <summary>Takes one event of a processor and puts it elsewhere in its list.</summary>
    public void Move(TraceEvent traceEvent, int to)
    {
        var list = _lists[traceEvent.Processor];
        list.Remove(traceEvent);
        list.Insert(to, traceEvent);
    }

    public void RemoveAll(Predicate<TraceEvent> unwanted)
    {
        foreach (var list in _lists.Values)
            list.RemoveAll(unwanted);
    }

    public IReadOnlyList<TraceEvent> Of(ProcessorId processor) => _lists[processor];

    private static bool IsDelivery(TraceEvent x, int at) => x.Kind == TraceEventKind.Deliver;

    private static bool Do(Action action)
    {
        action();
        return true;
    }

    private bool TryPick(List<TraceEvent> list, Func<TraceEvent, int, bool> fits, out int at)
    {
        var places = Enumerable.Range(0, list.Count).Where(i => fits(list[i], i)).ToList();
        at = places.Count == 0 ? -1 : places[random.Next(places.Count)];
        return at >= 0;
    }

    /// <summary>A delivery goes anywhere within the stays that may deliver messages of its ring.</summary>
    private bool TryMove(List<TraceEvent> list)
    {
        if (!TryPick(list, IsDelivery, out var at))
            return false;
        var moved = list[at];
        list.RemoveAt(at);
        if (!TryPick(list, (_, i) => RegularRing(list, i) == moved.Ring, out var to))
            to = at - 1;
        list.Insert(to + 1, moved);
        return true;
    }

    /// <summary>A delivery of a message appears where its ring's messages may be delivered and it was not.</summary>
    private bool TryAdd(List<TraceEvent> list)
    {
        var had = list.Where(x => x.Kind == TraceEventKind.Deliver).Select(x => x.Message).ToHashSet();
        var sent = _lists.Values.SelectMany(x => x)
            .Where(x => x.Kind == TraceEventKind.Send && !had.Contains(x.Message)).ToList();
        if (sent.Count == 0)
            return false;
        var extra = sent[random.Next(sent.Count)];
        if (!TryPick(list, (_, i) => RegularRing(list, i) == extra.Ring, out var at))
            return false;
        list.Insert(at + 1, extra with { Kind = TraceEventKind.Deliver, Processor = list[at].Processor,
            Incarnation = list[at].Incarnation });
        return true;
    }

    /// <summary>An agreed message turns out to have been a safe one.</summary>
    private bool TryPromote()
    {
        var agreed = _lists.Values.SelectMany(x => x)
            .Where(x => x is { Kind: TraceEventKind.Send, Guarantee: Guarantee.Agreed }).ToList();
        if (agreed.Count == 0)
            return false;
        var message = agreed[random.Next(agreed.Count)].Message;
        foreach (var list in _lists.Values)
        {
            for (var i = 0; i < list.Count; i++)
            {
                if (list[i].Kind is TraceEventKind.Send or TraceEventKind.Deliver && list[i].Message == message)
                    list[i] = list[i] with { Guarantee = Guarantee.Safe };
            }
        }

        return true;
    }

    private bool TryLose()
    {
        var delivered = _lists.Values.SelectMany(x => x).Where(x => x.Kind == TraceEventKind.Deliver).ToList();
        if (delivered.Count == 0)
            return false;
        var message = delivered[random.Next(delivered.Count)].Message;
        RemoveAll(x => x.Kind == TraceEventKind.Deliver && x.Message == message);
        return true;
    }

    private static RingId RegularRing(List<TraceEvent> list, int at)
    {
        for (; at >= 0 && list[at].Kind != TraceEventKind.Start; at--)
        {
            if (list[at].Configuration is { } configuration)
                return configuration.Kind == ConfigurationKind.Regular ? configuration.Ring
                    : configuration.PreviousRing;
        }

        return default;
    }
}
