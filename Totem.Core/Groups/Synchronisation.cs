using Totem.Core.Diagnostics;

namespace Totem.Core.Groups;

/// <summary>
/// Where the members of one ring stand in the synchronisation of their services (WIRE §13.3). First each says which
/// services it has; when all are ours, one exchange of states ends it, else there is a phase for each service anybody
/// has, which ends when all have sent a barrier. A barrier does not say which phase it belongs to, so nobody may send
/// one before it has delivered the last phase's from all: the total order does the rest.
/// </summary>
internal sealed class Synchronisation
{
    /// <summary>The services of ours that real daemons must know of: groups only.</summary>
    public static ReadOnlySpan<int> OurServices => [ServiceFormat.GroupService];

    /// <summary>The most that real daemons can bear (WIRE §17: more than 64 and they write beyond an array).</summary>
    private const int ServicesMax = 64;

    private readonly SortedSet<int> _services = [];
    private readonly HashSet<ProcessorId> _marked = [];
    private bool _areAllOurs = true;
    private bool _haveAllBuilt;

    public Synchronisation(RingId ring, ProcessorSet members)
    {
        Ring = ring;
        Members = members;
        foreach (var service in OurServices)
            _services.Add(service);
    }

    public RingId Ring { get; }

    public ProcessorSet Members { get; }

    /// <summary>Every member has announced its services, and all are ours: states are exchanged
    /// instead of phases.</summary>
    public bool IsExchangingStates => _haveAllBuilt && _areAllOurs && !IsComplete;

    /// <summary>The service whose phase it is; null before the first, when states are exchanged,
    /// and at the end.</summary>
    public int? Phase { get; private set; }

    public bool IsComplete { get; private set; }

    /// <summary>A service build was delivered. True when it was the last one: a phase begins, or
    /// the exchange of states.</summary>
    public bool TakeServiceBuild(ProcessorId from, RingId ring, ReadOnlySpan<int> services, bool isOurs)
    {
        if (ring != Ring || _haveAllBuilt || !Members.Contains(from))
            return false;
        _areAllOurs &= isOurs;
        foreach (var service in services)
        {
            if (_services.Count < ServicesMax)
                _services.Add(service);
        }

        if (!MarkAll(from))
            return false;
        _haveAllBuilt = true;
        if (!_areAllOurs)
            Phase = _services.Min;
        return true;
    }

    /// <summary>A barrier was delivered. True when it was the last one of the phase, which is
    /// returned; the next one begins.</summary>
    public bool TakeBarrier(ProcessorId from, RingId ring, out int ended)
    {
        ended = Phase ?? -1;
        if (ring != Ring || Phase is not { } phase || !Members.Contains(from) || !MarkAll(from))
            return false;
        var later = _services.GetViewBetween(phase + 1, int.MaxValue);
        Phase = phase == int.MaxValue || later.Count == 0 ? null : later.Min;
        Invariant.That(Phase is null || Phase > phase, "phases follow each other upward");
        Invariant.That(!_areAllOurs, "members of ours only exchange states instead of phases");
        IsComplete = Phase is null;
        return true;
    }

    /// <summary>A state was delivered. True when it was the last one.</summary>
    public bool TakeState(ProcessorId from, RingId ring)
    {
        if (ring != Ring || !IsExchangingStates || !Members.Contains(from) || !MarkAll(from))
            return false;
        IsComplete = true;
        Invariant.That(Phase is null, "an exchange of states has no phases");
        return true;
    }

    private bool MarkAll(ProcessorId from)
    {
        _marked.Add(from);
        Invariant.That(_marked.Count <= Members.Count, "only members take part in a synchronisation");
        if (_marked.Count < Members.Count)
            return false;
        _marked.Clear();
        return true;
    }
}
