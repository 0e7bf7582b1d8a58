using Totem.Simulation.Traces;

namespace Totem.Simulation.Checkers;

/// <summary>The messages of a trace, numbered in the order they are met, with their first send and
/// all deliveries.</summary>
internal sealed class MessageTable
{
    private readonly List<MessageId> _ids = [];
    private readonly List<int> _sends = [];
    private readonly int[] _deliveries;
    private readonly int[] _firstDelivery;

    public MessageTable(TraceEvent[] events, int[] slots)
    {
        Of = new int[events.Length];
        Array.Fill(Of, -1);
        var numbers = new Dictionary<MessageId, int>();
        var counts = new List<int>();
        for (var e = 0; e < events.Length; e++)
        {
            var kind = events[e].Kind;
            if (kind is not (TraceEventKind.Send or TraceEventKind.Deliver))
                continue;
            if (!numbers.TryGetValue(events[e].Message, out var m))
            {
                numbers.Add(events[e].Message, m = _ids.Count);
                _ids.Add(events[e].Message);
                _sends.Add(-1);
                counts.Add(0);
            }

            Of[e] = m;
            if (kind == TraceEventKind.Deliver)
                counts[m]++;
            else if (_sends[m] < 0)
                _sends[m] = e;
        }

        _firstDelivery = new int[_ids.Count + 1];
        for (var m = 0; m < counts.Count; m++)
            _firstDelivery[m + 1] = _firstDelivery[m] + counts[m];
        _deliveries = new int[_firstDelivery[^1]];
        DelivererCounts = new int[_ids.Count];
        IsRepeated = new bool[events.Length];
        FillDeliveries(events, slots);

        Rings = new RingId[_ids.Count];
        Safe = new bool[_ids.Count];
        for (var m = 0; m < _ids.Count; m++)
        {
            var told = events[_sends[m] >= 0 ? _sends[m] : _deliveries[_firstDelivery[m]]];
            Rings[m] = told.Ring;
            Safe[m] = told.Guarantee == Guarantee.Safe;
        }
    }

    /// <summary>How many different messages.</summary>
    public int Count => _ids.Count;

    /// <summary>How many deliveries of all messages.</summary>
    public int DeliveryCount => _deliveries.Length;

    /// <summary>By event, the number of the message that is sent or delivered; -1 for other events.</summary>
    public int[] Of { get; }

    /// <summary>By event, whether it delivers what the same processor has delivered before.</summary>
    public bool[] IsRepeated { get; }

    /// <summary>By message, how many processors deliver it.</summary>
    public int[] DelivererCounts { get; }

    /// <summary>By message, the ring it was sent on, as its sender says; where the send is missing,
    /// as its first delivery says.</summary>
    public RingId[] Rings { get; }

    /// <summary>By message, whether it was sent as safe (same source as <see cref="Rings"/>).</summary>
    public bool[] Safe { get; }

    /// <summary>The message's name.</summary>
    public MessageId Id(int message) => _ids[message];

    /// <summary>The event in which the message was sent (the first, if several); -1 when there is none.</summary>
    public int Send(int message) => _sends[message];

    /// <summary>The events in which it was delivered, by processor, then in time.</summary>
    public ReadOnlySpan<int> Deliveries(int message) =>
        _deliveries.AsSpan(_firstDelivery[message].._firstDelivery[message + 1]);

    private void FillDeliveries(TraceEvent[] events, int[] slots)
    {
        var filled = _firstDelivery.AsSpan(0, _ids.Count).ToArray();
        for (var e = 0; e < events.Length; e++)
        {
            if (events[e].Kind != TraceEventKind.Deliver)
                continue;
            var m = Of[e];
            var at = filled[m]++;
            _deliveries[at] = e;
            IsRepeated[e] = at > _firstDelivery[m] && slots[_deliveries[at - 1]] == slots[e];
            if (!IsRepeated[e])
                DelivererCounts[m]++;
        }
    }
}
