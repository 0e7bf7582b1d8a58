using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The elements behind a join request of this session: with the state at the request's place they give the
/// state now.</summary>
/// <param name="self">The session.</param>
/// <param name="request">Its request.</param>
/// <param name="attempt">Which of its requests it was.</param>
internal sealed class JoinRecord(PeerId self, JoinRequest request, uint attempt)
{
    private readonly List<OrderedElement> _elements = [];
    private long _bytes;

    public uint Attempt => attempt;

    /// <returns>False when there is more than a session may keep.</returns>
    public bool TryAdd(OrderedElement element)
    {
        _elements.Add(element);
        _bytes += element.Cost;
        return _elements.Count <= ClusterLimits.MaxRecorded && _bytes <= ClusterLimits.MaxSendingBytes;
    }

    /// <summary>The state that everybody knows by now.</summary>
    /// <param name="state">The state before the request.</param>
    public ClusterState Replay(ClusterState state)
    {
        List<Effect> ignored = [];
        state = state.Step(self, request.Message(attempt), ignored);
        foreach (var element in _elements)
            state = element.Apply(state, ignored);
        return state;
    }
}
