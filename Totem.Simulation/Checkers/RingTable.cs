using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>All rings of a trace, each with its messages and with who was on it.</summary>
internal sealed class RingTable
{
    private readonly Dictionary<RingId, RingLog> _rings = [];
    private readonly Dictionary<Stay, Passage> _byRegular = [];
    private readonly int[] _local;

    public RingTable(TraceIndex index)
    {
        var messages = index.Messages;
        _local = new int[messages.Count];
        for (var m = 0; m < messages.Count; m++)
        {
            var ring = Ring(messages.Rings[m]);
            _local[m] = ring.Messages.Count;
            ring.Messages.Add(m);
        }

        foreach (var life in index.Lives)
        {
            foreach (var stay in life.Stays)
            {
                if (stay.IsRegular)
                    AddPassage(index, stay);
            }
        }
    }

    /// <summary>Every ring, in no particular order but always the same for the same trace.</summary>
    public IEnumerable<RingLog> All => _rings.Values;

    /// <summary>The number of a message among those of its ring.</summary>
    public int Local(int message) => _local[message];

    /// <summary>The passage that begins with a stay in a regular configuration.</summary>
    public Passage PassageOf(Stay regular) => _byRegular[regular];

    private RingLog Ring(RingId id)
    {
        if (!_rings.TryGetValue(id, out var ring))
            _rings.Add(id, ring = new RingLog(id));
        return ring;
    }

    private void AddPassage(TraceIndex index, Stay regular)
    {
        var ring = Ring(regular.Configuration.Ring);
        var transitional = regular.Next is { IsRegular: false } next ? next : null;
        var last = transitional ?? regular;
        var passage = new Passage(
            ring, regular, transitional, isOver: last.Next is not null || index.EndedQuiet(regular.Life));
        for (var e = regular.Install + 1; e < last.End; e++)
        {
            if (index.Events[e].Kind == TraceEventKind.Deliver && index.Messages.Rings[index.Messages.Of[e]] == ring.Id)
                passage.Record(_local[index.Messages.Of[e]], e);
        }

        ring.Passages.Add(passage);
        _byRegular.Add(regular, passage);
    }
}

/// <summary>One ring: what was sent on it and who passed through it.</summary>
internal sealed class RingLog(RingId id)
{
    /// <summary>The ring.</summary>
    public RingId Id => id;

    /// <summary>The messages that were sent on it; the place of a message in this list is its local number.</summary>
    public List<int> Messages { get; } = [];

    /// <summary>The stays that installed the ring's regular configuration, by processor, then in time.</summary>
    public List<Passage> Passages { get; } = [];
}

/// <summary>
/// <c>com(c)</c> at one processor: its stay in regular configuration c and in the transitional one
/// that follows it, if any.
/// </summary>
internal sealed class Passage
{
    private readonly int[] _at;

    public Passage(RingLog ring, Stay regular, Stay? transitional, bool isOver)
    {
        Ring = ring;
        Regular = regular;
        Transitional = transitional;
        IsOver = isOver;
        _at = new int[ring.Messages.Count];
        Array.Fill(_at, -1);
    }

    /// <summary>The ring of the regular configuration.</summary>
    public RingLog Ring { get; }

    /// <summary>The stay in the regular configuration.</summary>
    public Stay Regular { get; }

    /// <summary>The stay in the transitional configuration right after it; null when there is none (yet).</summary>
    public Stay? Transitional { get; }

    /// <summary>
    /// Nothing more will be delivered here: the processor has installed something later, or it was still here when a
    /// quiescent run ended. False when it failed here, or when the trace stopped too early to tell.
    /// </summary>
    public bool IsOver { get; }

    /// <summary>The processor.</summary>
    public ProcessorId Processor => Regular.Life.Id.Processor;

    /// <summary>The ring's messages that were delivered here, by local number, in order, each once.</summary>
    public List<int> Order { get; } = [];

    /// <summary>The event in which a message of the ring (by local number) was first delivered
    /// here; -1 when it was not.</summary>
    public int At(int local) => _at[local];

    /// <summary>The stay that an event of this passage belongs to.</summary>
    public Stay StayAt(int e) => Transitional is not null && e > Transitional.Install ? Transitional : Regular;

    /// <summary>Where to look for what is missing: the event that ended the passage, else its last install.</summary>
    public int EndEvent =>
        (Transitional ?? Regular) is var last && last.Next is not null ? last.Next.Install : last.Install;

    /// <summary>Notes a delivery; a repeated one (rule 1.3) changes nothing.</summary>
    public void Record(int local, int e)
    {
        if (_at[local] >= 0)
            return;
        _at[local] = e;
        Order.Add(local);
    }
}
