namespace Totem.Simulation.Model;

/// <summary>The kinds of events of a simulated cluster.</summary>
internal enum SimulationEventKind
{
    /// <summary>A datagram reaches a processor's socket. A: its handle; B: who sent it.</summary>
    Arrival,

    /// <summary>A processor's earliest deadline may be due. A: its life.</summary>
    Deadline,

    /// <summary>A slow processor has time for its next datagram. A: its life.</summary>
    Wake,

    /// <summary>A slow application takes what has been delivered. A: its life.</summary>
    Consume,

    /// <summary>The host of an application that has stopped reading judges it. A: its life.</summary>
    JudgeReader,

    /// <summary>The ring sequence has reached stable storage. A: the life that asked.</summary>
    Stored,

    /// <summary>The operating system reports that nobody listens at a peer. A: the life that is
    /// told; B: the peer.</summary>
    Unreachable,

    /// <summary>A packet of kronosnet reaches a processor's socket. A: its handle; B: who sent it,
    /// and the link.</summary>
    PacketArrival,

    /// <summary>The tick of a processor's kronosnet. A: its life.</summary>
    LinkTick,

    /// <summary>Nobody listens at a peer's end of a link. A: the life that is told; B: the peer,
    /// and the link.</summary>
    LinkRefused,

    /// <summary>A scripted action. A: its place in the list.</summary>
    Action,
}

/// <summary>One entry of the queue. An event meant for one life of a processor names it, and dies with it.</summary>
/// <param name="At">When, in ticks.</param>
/// <param name="Kind">The event.</param>
/// <param name="Node">Where: the processor's place in the cluster.</param>
/// <param name="A">See <see cref="SimulationEventKind"/>.</param>
/// <param name="B">See <see cref="SimulationEventKind"/>.</param>
/// <param name="IsReplay">A duplicate that comes late: none arrives once the faults have stopped.</param>
internal readonly record struct SimulationEvent(
    long At, SimulationEventKind Kind, int Node, int A = 0, int B = 0, bool IsReplay = false);

/// <summary>A binary heap of structs ordered by time, then by the order of arrival in the queue.</summary>
internal sealed class EventQueue
{
    /// <summary>More waiting events than this is a simulation run wild.</summary>
    public const int CountMax = 1 << 22;

    private (long At, long Order, SimulationEvent Event)[] _heap = new (long, long, SimulationEvent)[1024];
    private long _order;

    public int Count { get; private set; }

    /// <summary>The time of the next event; the end of time when there is none.</summary>
    public long NextAt => Count == 0 ? long.MaxValue : _heap[0].At;

    public void Clear()
    {
        Count = 0;
        _order = 0;
    }

    public void Push(in SimulationEvent entry)
    {
        if (Count == _heap.Length)
        {
            if (Count >= CountMax)
                throw new SimulationLimitException($"more than {CountMax} events wait in the queue");
            Array.Resize(ref _heap, Count * 2);
        }

        var index = Count++;
        var order = _order++;
        while (index > 0)
        {
            var parent = (index - 1) >> 1;
            if (_heap[parent].At <= entry.At)
                break; // An equal time came earlier: its order is lower.
            _heap[index] = _heap[parent];
            index = parent;
        }

        _heap[index] = (entry.At, order, entry);
    }

    public SimulationEvent Pop()
    {
        var first = _heap[0].Event;
        var last = _heap[--Count];
        var index = 0;
        while (true)
        {
            var child = 2 * index + 1;
            if (child >= Count)
                break;
            if (child + 1 < Count && IsBefore(_heap[child + 1], _heap[child]))
                child++;
            if (!IsBefore(_heap[child], last))
                break;
            _heap[index] = _heap[child];
            index = child;
        }

        _heap[index] = last;
        return first;
    }

    private static bool IsBefore(
        in (long At, long Order, SimulationEvent Event) a, in (long At, long Order, SimulationEvent Event) b) =>
        a.At < b.At || (a.At == b.At && a.Order < b.Order);
}

/// <summary>Thrown when a simulation passes one of its limits: events, datagrams a turn, virtual time.</summary>
internal sealed class SimulationLimitException(string message) : Exception(message);
