namespace Totem.Simulation.Traces;

/// <summary>The record of a run of several processors: each processor's events in its own order.</summary>
public sealed class Trace
{
    private readonly SortedDictionary<ProcessorId, List<TraceEvent>> _events = [];

    /// <summary>The processors that have events, in ascending order.</summary>
    public IReadOnlyCollection<ProcessorId> Processors => _events.Keys;

    /// <summary>The events of one processor, all its lives one after the other.</summary>
    public IReadOnlyList<TraceEvent> this[ProcessorId processor] =>
        _events.TryGetValue(processor, out var list) ? list : [];

    /// <summary>How many events there are in all.</summary>
    public int Count => _events.Values.Sum(x => x.Count);

    /// <summary>Appends to the list of the event's processor.</summary>
    public void Add(TraceEvent traceEvent)
    {
        ArgumentNullException.ThrowIfNull(traceEvent);
        if (!_events.TryGetValue(traceEvent.Processor, out var list))
            _events.Add(traceEvent.Processor, list = []);
        list.Add(traceEvent);
    }

    /// <summary>
    /// One trace of what several processes wrote, each about one life of one processor. The lives of a processor are
    /// put in the order of their incarnations; the order of the parts does not matter.
    /// </summary>
    /// <param name="lives">The events of each life in their order, such as
    /// <see cref="TraceFile.Events"/>; empty ones are skipped.</param>
    /// <exception cref="InvalidDataException">A part has events of two lives, or two parts are
    /// about the same life.</exception>
    public static Trace Merge(params IEnumerable<IReadOnlyList<TraceEvent>> lives)
    {
        ArgumentNullException.ThrowIfNull(lives);
        var byLife = new SortedDictionary<(ProcessorId Processor, int Incarnation), IReadOnlyList<TraceEvent>>();
        foreach (var events in lives.Where(x => x.Count > 0))
        {
            var (processor, incarnation) = (events[0].Processor, events[0].Incarnation);
            for (var i = 1; i < events.Count; i++)
            {
                if (events[i].Processor != processor || events[i].Incarnation != incarnation)
                {
                    throw new InvalidDataException(
                        $"event {i} is of {events[i].Processor}#{events[i].Incarnation}, {processor}#{incarnation} "
                            + "expected like those before");
                }
            }

            if (!byLife.TryAdd((processor, incarnation), events))
                throw new InvalidDataException($"two parts are about {processor}#{incarnation}, one expected");
        }

        var trace = new Trace();
        foreach (var traceEvent in byLife.Values.SelectMany(x => x))
            trace.Add(traceEvent);
        return trace;
    }
}
