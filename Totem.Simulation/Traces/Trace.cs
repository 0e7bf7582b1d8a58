using Totem.Core.Model;

namespace Totem.Simulation.Traces;

/// <summary>What a run of several processors left behind: each processor's events in its own order.</summary>
public sealed class Trace
{
    private readonly SortedDictionary<ProcessorId, List<TraceEvent>> _events = [];

    /// <summary>The processors that have events, in ascending order.</summary>
    public IReadOnlyCollection<ProcessorId> Processors => _events.Keys;

    /// <summary>The events of one processor, all its lives one after the other.</summary>
    public IReadOnlyList<TraceEvent> this[ProcessorId processor] => _events.TryGetValue(processor, out var list) ? list : [];

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
}
