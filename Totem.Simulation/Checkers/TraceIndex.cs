using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>
/// A trace made ready for the rules: one array of events (processor after processor, each in its own order, so that two
/// event numbers of one processor compare as the events do), lives, stays, configurations, messages, rings. Built once,
/// in linear time, from any trace however broken.
/// </summary>
internal sealed class TraceIndex
{
    private readonly Dictionary<ConfigurationName, InstalledConfiguration> _byName = [];
    private readonly HashSet<LifeId> _torn;
    private HappenedBeforeGraph? _happenedBefore;
    private bool? _isOrdered;

    public TraceIndex(Trace trace, EvsCheckOptions options)
    {
        Options = options;
        _torn = [.. options.TornLives];
        Processors = [.. trace.Processors];
        FirstEvents = new int[Processors.Length + 1];
        Events = new TraceEvent[trace.Count];
        Stays = new Stay?[Events.Length];
        Slots = new int[Events.Length];
        for (var slot = 0; slot < Processors.Length; slot++)
        {
            var events = trace[Processors[slot]];
            var first = FirstEvents[slot];
            FirstEvents[slot + 1] = first + events.Count;
            for (var i = 0; i < events.Count; i++)
            {
                if (events[i].Kind == TraceEventKind.Install && events[i].Configuration is null)
                    throw new ArgumentException($"event {i} of {Processors[slot]} is an install, a configuration "
                        + "expected", nameof(trace));
                Events[first + i] = events[i];
                Slots[first + i] = slot;
            }

            ReadLives(slot);
        }

        Messages = new MessageTable(Events, Slots);
        Rings = new RingTable(this);
    }

    /// <summary>Facts about the end of the run.</summary>
    public EvsCheckOptions Options { get; }

    /// <summary>The processors, ascending; a processor's rank here is its slot.</summary>
    public ProcessorId[] Processors { get; }

    /// <summary>By slot, the number of the processor's first event; one more at the end.</summary>
    public int[] FirstEvents { get; }

    /// <summary>All events.</summary>
    public TraceEvent[] Events { get; }

    /// <summary>By event, the slot of its processor.</summary>
    public int[] Slots { get; }

    /// <summary>By event, where it stands: an install belongs to the stay it begins. Null before
    /// the first install of a life.</summary>
    public Stay?[] Stays { get; }

    /// <summary>All lives, by processor, then in time.</summary>
    public List<Life> Lives { get; } = [];

    /// <summary>All configurations, in the order they are met.</summary>
    public List<InstalledConfiguration> Configurations { get; } = [];

    /// <summary>All messages that were sent or delivered.</summary>
    public MessageTable Messages { get; }

    /// <summary>All rings that messages were sent on.</summary>
    public RingTable Rings { get; }

    /// <summary>
    /// True when one order of all events exists in which every rule about order holds: 1.1, 2.3 and 6.1 and the
    /// "before" of 1.2. When it is false, their graphs tell which of them is broken.
    /// </summary>
    public bool IsOrdered => _isOrdered ??= new Replay(this).Run();

    /// <summary>The graph of rule 1.1, which 1.2 asks too. Needed only when the events are not ordered.</summary>
    public HappenedBeforeGraph HappenedBefore => _happenedBefore ??= new HappenedBeforeGraph(this);

    /// <summary>True when nothing that belongs to a stay in <paramref name="life"/> can come after the trace.</summary>
    public bool EndedQuiet(Life life) => Options.Quiescent && life.IsLive;

    /// <summary>True for a life whose last events may be missing.</summary>
    public bool IsTorn(LifeId life) => _torn.Contains(life);

    /// <summary>An event for the report.</summary>
    public EvsEvidence Evidence(int e)
    {
        var stay = Stays[e];
        return new EvsEvidence(Events[e], e - FirstEvents[Slots[e]], stay?.Configuration);
    }

    private void ReadLives(int slot)
    {
        Life? life = null;
        Stay? stay = null;
        var failed = false;
        for (var e = FirstEvents[slot]; e < FirstEvents[slot + 1]; e++)
        {
            var traceEvent = Events[e];
            // Where the trace is out of shape (rule 1.1 says so) a change of incarnation or an
            // event after a failure begins a life too.
            if (life is null || failed || traceEvent.Kind == TraceEventKind.Start
                || traceEvent.Incarnation != life.Id.Incarnation)
            {
                End(life, stay, e, isLast: false);
                var id = new LifeId(Processors[slot], traceEvent.Incarnation);
                Lives.Add(life = new Life(slot, id, _torn.Contains(id)));
                stay = null;
                failed = false;
            }

            if (traceEvent.Kind == TraceEventKind.Install)
                stay = BeginStay(life, stay, e);
            failed = traceEvent.Kind == TraceEventKind.Fail;
            Stays[e] = stay;
        }

        End(life, stay, FirstEvents[slot + 1], isLast: !failed);
    }

    private Stay BeginStay(Life life, Stay? previous, int install)
    {
        var configuration = Events[install].Configuration!;
        var name = ConfigurationName.Of(configuration);
        if (!_byName.TryGetValue(name, out var entry))
        {
            _byName.Add(name, entry = new InstalledConfiguration(Configurations.Count));
            Configurations.Add(entry);
        }

        var stay = new Stay(life, entry, configuration, install)
        {
            Previous = previous,
            IsRepeated = entry.Stays.Count > 0 && entry.Stays[^1].Life.Slot == life.Slot,
        };
        entry.Stays.Add(stay);
        if (!stay.IsRepeated)
            entry.InstallerCount++;
        life.Stays.Add(stay);
        if (previous is not null)
        {
            previous.End = install;
            previous.Next = stay;
        }

        return stay;
    }

    private static void End(Life? life, Stay? stay, int end, bool isLast)
    {
        if (life is not null && !isLast)
            life.IsLive = false;
        if (stay is not null)
            stay.End = end;
    }
}
