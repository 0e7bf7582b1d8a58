using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>Where a session goes next, as a rule of its state says. <see cref="ClusterSession"/> enters
/// it.</summary>
internal abstract record Transition;

/// <summary>The backend's group has this session.</summary>
internal sealed record ToJoining(JoiningState State) : Transition;

/// <summary>The session knows the state, and what is ordered counts.</summary>
internal abstract record ToJoined(JoinedState State) : Transition
{
    /// <summary>Somebody has accepted it.</summary>
    /// <param name="State">The state behind the accept.</param>
    /// <param name="Effects">The meaning of the accept for sheep.</param>
    /// <param name="Held">The messages that waited for it.</param>
    public sealed record ByAccept(JoinedState State, List<Effect> Effects, HeldMessages Held) : ToJoined(State);

    /// <summary>This side of a cut may go on.</summary>
    /// <param name="State">The state where the cut was met.</param>
    /// <param name="Kept">The elements that have come since, in their order.</param>
    public sealed record ByEndOfDoubt(JoinedState State, IReadOnlyList<OrderedElement> Kept) : ToJoined(State);
}

/// <summary>Members are missing, and it is not clear that this side may go on.</summary>
/// <param name="Joined">The state where the cut was met.</param>
/// <param name="Cut">The members that are missing.</param>
/// <param name="Change">The change that says so; null when the backend only announces it.</param>
internal sealed record ToInDoubt(JoinedState Joined, Cut Cut, OrderedChange? Change) : Transition;

/// <summary>The session is over.</summary>
/// <param name="Reason">Why, for people.</param>
/// <param name="Next">The fate of sheep.</param>
internal sealed record ToLost(string Reason, AfterLoss Next) : Transition
{
    public static ToLost NodeReplaced() => new("another process has joined as this node", AfterLoss.Fails);
}

/// <summary>The fate of sheep when its session is lost.</summary>
internal enum AfterLoss
{
    /// <summary>It waits until the cluster can be reached.</summary>
    Waits,

    /// <summary>It joins afresh if enough of the others can be reached; else it waits.</summary>
    ReconnectsIfPossible,

    /// <summary>It joins afresh.</summary>
    Reconnects,

    /// <summary>It must end.</summary>
    Fails,
}
