using System.Collections.Immutable;

namespace Totem.Sheepdog.Ordering;

/// <summary>Somebody who knows the state: a member, or one that left and goes on hearing.</summary>
internal sealed record InformedPeer(PeerId Peer, SheepNode Node, bool IsMember);

/// <summary>Somebody who asked to come in.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Attempt">Which of its requests.</param>
/// <param name="Node">Its description.</param>
/// <param name="Opaque">Its buffer; empty where only the order matters.</param>
/// <param name="Before">The state at the place of the request: of it, what a joiner needs is handed to it with the
/// accept (<see cref="ClusterState.Bare"/>). It has heard everything since.</param>
internal sealed record PendingJoin(PeerId Peer, uint Attempt, SheepNode Node, Opaque Opaque, ClusterState? Before);

/// <summary>A message that waits for the answer to a request.</summary>
/// <param name="Sender">The sender.</param>
/// <param name="Message">The message.</param>
/// <param name="Before">Of a request: the state at its place.</param>
internal sealed record StalledMessage(PeerId Sender, ClusterMessage Message, ClusterState? Before);

/// <summary>An entry of a queue: who, and its own number for it.</summary>
internal readonly record struct TicketOf(PeerId Owner, ulong Ticket);

/// <summary>The kinds of steps, for sheep.</summary>
internal enum EffectKind
{
    Accepted,
    Left,
    Notified,
    Updated,
    Replaced,
}

/// <summary>A step as sheep sees it; fields as the kind has them.</summary>
internal readonly record struct Effect(
    EffectKind Kind, PeerId Peer, SheepNode Node, ImmutableList<InformedPeer> Informed, Opaque Opaque = default,
    ReadOnlyMemory<byte> Payload = default)
{
    /// <summary>Left by its own will: the turns that went with it.</summary>
    public IReadOnlyList<TicketOf> Turns { get; init; } = [];
}

/// <summary>
/// The state that all who are informed know alike: a function of the total order. Immutable, so the state at the place
/// of a join request is kept for nothing. It has no idea of who looks at it.
/// </summary>
internal sealed record ClusterState
{
    /// <summary>The state of no cluster.</summary>
    public static readonly ClusterState Empty = new();

    private readonly ImmutableList<InformedPeer> _informed = [];
    private InformedIndex? _index;

    /// <summary>Members and those that left and live, in the order of their accepts.</summary>
    public ImmutableList<InformedPeer> Informed
    {
        get => _informed;
        init => (_informed, _index) = (value, null);
    }

    /// <summary>The joiner that is answered next: nobody or one.</summary>
    public ImmutableList<PendingJoin> Pending { get; init; } = [];

    /// <summary>The queue of turns.</summary>
    public ImmutableList<TicketOf> Blocks { get; init; } = [];

    /// <summary>For each lock, who has it, and who waits behind.</summary>
    public ImmutableSortedDictionary<ulong, ImmutableList<TicketOf>> Locks { get; init; } =
        ImmutableSortedDictionary<ulong, ImmutableList<TicketOf>>.Empty;

    /// <summary>The joiner that may accept itself, since those who know the state are no members.</summary>
    public (PeerId Peer, uint Attempt)? Granted { get; init; }

    /// <summary>Members that let the first request wait too long: others answer it.</summary>
    public ImmutableList<PeerId> Passed { get; init; } = [];

    /// <summary>The members, the oldest first.</summary>
    public IEnumerable<InformedPeer> Members => Informed.Where(x => x.IsMember);

    /// <summary>The member that runs the join handler for the first request; null when there are no members.</summary>
    public PeerId? Acceptor =>
        Informed.Find(x => x.IsMember && !Passed.Contains(x.Peer))?.Peer ?? Informed.Find(x => x.IsMember)?.Peer;

    /// <summary>Somebody who is informed.</summary>
    public InformedPeer? Find(PeerId peer) => Index.Find(peer);

    /// <summary>The same peers by who they are; carried along where the list changes, made anew
    /// where it was not.</summary>
    private InformedIndex Index
    {
        get => _index ??= InformedIndex.Of(_informed);
        init => _index = value;
    }

    /// <summary>
    /// The messages that came behind the first request and wait until it is answered: a joiner takes over what the
    /// acceptor knew, so nothing may happen between the acceptor's answer and the accept.
    /// </summary>
    public ImmutableList<StalledMessage> Stalled { get; init; } = [];

    /// <summary>How much has happened; an answer counts only while nothing more has, since some
    /// things do not wait.</summary>
    public ulong Version { get; init; }

    /// <summary>For people: what it waits for.</summary>
    public override string ToString() =>
        $"informed [{string.Join(' ', Informed.Select(x => x.IsMember ? $"{x.Peer}" : $"({x.Peer})"))}], version "
        + $"{Version}"
        + (Pending is [var first, ..]
            ? $", {first.Peer} attempt {first.Attempt} waits for {Acceptor}, passed [{string.Join(' ', Passed)}], "
                + $"{Stalled.Count} messages behind it"
            : "")
        + (Blocks is [var turn, ..] ? $", the turn of {turn.Owner}" : "");

    /// <summary>For people: sheep by the names that people know.</summary>
    public string NamesOf(IEnumerable<PeerId> peers) =>
        string.Join(", ", peers.Order().Select(x => Find(x) is { } known ? NodeString.Short(known.Node)
            : x.ToString()));

    /// <summary>The next state, behind a message.</summary>
    /// <param name="sender">The sender.</param>
    /// <param name="message">The message; what its sender may not say changes nothing.</param>
    /// <param name="effects">Takes what it means for sheep.</param>
    public ClusterState Step(PeerId sender, ClusterMessage message, List<Effect> effects)
    {
        var count = effects.Count;
        var state = this;
        ClusterState? before = null;
        if (message.Kind == ClusterMessageKind.Join)
        {
            // Its last request is void, wherever it stands.
            state = state with
            {
                Pending = state.Pending.RemoveAll(x => x.Peer == sender),
                // A later request is a second one: only then is there an earlier to look for.
                Stalled = message.Attempt > 1
                    ? state.Stalled.RemoveAll(x => x.Sender == sender && x.Message.Kind == ClusterMessageKind.Join)
                    : state.Stalled,
                Granted = state.Granted?.Peer == sender ? null : state.Granted,
            };
            // The events that waited behind it were sent before the new one, and the joiner has them no more.
            state = state.Released(effects, count);
            count = effects.Count;
            before = this;
        }

        state = state.Pending.IsEmpty || IsImmediate(message.Kind)
            ? state.StepNow(sender, message, before, effects)
            : state with { Stalled = state.Stalled.Add(new StalledMessage(sender, message, before)) };
        return state.Released(effects, count);
    }

    /// <summary>The next state, when somebody's process or session is gone: nothing of it stays.</summary>
    public ClusterState StepGone(PeerId peer, List<Effect> effects)
    {
        var count = effects.Count;
        var state = this with
        {
            Pending = Pending.RemoveAll(x => x.Peer == peer),
            // A message that it sent and nobody was told of is told to nobody.
            Stalled = Stalled.RemoveAll(x => x.Sender == peer),
            Granted = Granted?.Peer == peer ? null : Granted,
        };
        state = Find(peer) is { } gone ? state.Without(gone, effects) : state;
        return state.Released(effects, count);
    }

    /// <summary>The part of it that a joiner needs: not the buffers of others before it, nor messages that it will not
    /// be told of.</summary>
    public ClusterState Bare() => this with
    {
        Pending = Pending.ConvertAll(x => x with { Opaque = default, Before = null }),
        Stalled = Stalled.ConvertAll(
            x => new StalledMessage(x.Sender, x.Message with { Payload = default, Opaque = default }, null)),
    };

    private static bool IsImmediate(ClusterMessageKind kind) =>
        kind is ClusterMessageKind.Accept or ClusterMessageKind.Decline
        or ClusterMessageKind.Grant or ClusterMessageKind.Overdue or ClusterMessageKind.Lock
        or ClusterMessageKind.Unlock;

    private ClusterState Released(List<Effect> effects, int count)
    {
        var state = this;
        while (state.Pending.IsEmpty && state.Stalled is [var next, ..])
            state = (state with { Stalled = state.Stalled.RemoveAt(0) })
                .StepNow(next.Sender, next.Message, next.Before, effects);
        return state with { Version = Version + (ulong)(effects.Count - count),
            Passed = state.Pending == Pending ? state.Passed : [] };
    }

    private ClusterState StepNow(PeerId sender, ClusterMessage message, ClusterState? before, List<Effect> effects)
    {
        if (message.Kind == ClusterMessageKind.Join)
            return StepJoin(sender, message, before, effects);
        if (message.Kind is ClusterMessageKind.Accept or ClusterMessageKind.Decline)
            return StepAnswer(sender, message, effects);
        if (Find(sender) is not { } known)
            return this;
        switch (message.Kind)
        {
            case ClusterMessageKind.Grant:
                var isFirst = Pending is [var first, ..] && first.Peer == message.Peer
                    && first.Attempt == message.Attempt;
                return isFirst && Acceptor is null && Informed[0].Peer == sender
                    ? this with { Granted = (message.Peer, message.Attempt) }
                    : this;
            case ClusterMessageKind.Overdue:
                var isWaiting = Pending is [var waiting, ..] && waiting.Peer == message.Peer
                    && waiting.Attempt == message.Attempt;
                return isWaiting && Acceptor == message.Acceptor ? WithPassed(message.Acceptor) : this;
            case ClusterMessageKind.Leave:
                return known.IsMember ? StepLeave(known, effects) : this;
            case ClusterMessageKind.Notify:
                effects.Add(new Effect(EffectKind.Notified, sender, known.Node, Informed, Payload: message.Payload));
                return this;
            case ClusterMessageKind.Block:
                var block = new TicketOf(sender, message.Ticket);
                return Blocks.Count < ClusterLimits.MaxBlocks
                    && !Blocks.Contains(block) ? this with { Blocks = Blocks.Add(block) } : this;
            case ClusterMessageKind.Unblock:
                // Without an entry its message still counts: everybody must see what the operation did.
                effects.Add(new Effect(EffectKind.Notified, sender, known.Node, Informed, Payload: message.Payload));
                return this with { Blocks = Blocks.Remove(new TicketOf(sender, message.Ticket)) };
            case ClusterMessageKind.UpdateNode:
                // Of one that has left it means nothing: it has no place to update.
                if (!known.IsMember || !known.Node.Equals(message.Node))
                    return this;
                var renewed = known with { Node = message.Node! };
                var next = Informed.Replace(known, renewed);
                effects.Add(new Effect(EffectKind.Updated, sender, message.Node!, next));
                return this with { Informed = next, Index = Index.With(renewed) };
            case ClusterMessageKind.Lock:
                return StepLock(new TicketOf(sender, message.Ticket), message.Id);
            case ClusterMessageKind.Unlock:
                return this with { Locks = Without(Locks, message.Id, x => x == new TicketOf(sender, message.Ticket)) };
            default:
                return this;
        }
    }

    /// <summary>When all have let it wait, it begins with the oldest again.</summary>
    private ClusterState WithPassed(PeerId acceptor)
    {
        var passed = Passed.Add(acceptor);
        return this with { Passed = Members.All(x => passed.Contains(x.Peer)) ? [] : passed };
    }

    private ClusterState StepJoin(PeerId sender, ClusterMessage message, ClusterState? before, List<Effect> effects)
    {
        var state = this;
        // It asked anew before it heard that it was accepted, and could make nothing of the accept:
        // it is not in, and knows no state.
        if (Find(sender) is { } unaware)
            state = state.Without(unaware, effects);
        // The same node again: its process was started anew before anybody noticed that the last one had died.
        if (state.Index.Find(message.Node!) is { } old)
        {
            effects.Add(new Effect(EffectKind.Replaced, old.Peer, old.Node, Informed));
            state = state.Without(old, effects);
        }

        return state.Informed.Count >= ClusterLimits.MaxNodes
            ? state
            : state with { Pending =
                [new PendingJoin(sender, message.Attempt, message.Node!, message.Opaque, before)] };
    }

    private ClusterState StepAnswer(PeerId sender, ClusterMessage message, List<Effect> effects)
    {
        if (Pending is not [var first, ..] || first.Peer != message.Peer || first.Attempt != message.Attempt
            || message.Version != Version)
            return this;
        var mayAnswer = Acceptor is { } acceptor
            ? acceptor == sender
            : sender == first.Peer && (Informed.IsEmpty || Granted == (first.Peer, first.Attempt));
        if (!mayAnswer)
            return this;
        var state = this with { Pending = [], Granted = null };
        if (message.Kind == ClusterMessageKind.Decline)
            return state;
        var joined = new InformedPeer(first.Peer, first.Node, IsMember: true);
        state = state with { Informed = Informed.Add(joined), Index = Index.With(joined) };
        effects.Add(new Effect(EffectKind.Accepted, first.Peer, first.Node, state.Informed, Opaque: message.Opaque));
        return state;
    }

    private ClusterState StepLeave(InformedPeer known, List<Effect> effects)
    {
        var gateway = known with { IsMember = false };
        var state = this with
        {
            Informed = Informed.Replace(known, gateway),
            Index = Index.With(gateway),
            Blocks = Blocks.RemoveAll(x => x.Owner == known.Peer),
        };
        effects.Add(new Effect(EffectKind.Left, known.Peer, known.Node,
            state.Informed) { Turns = Blocks.FindAll(x => x.Owner == known.Peer) });
        return state;
    }

    private ClusterState StepLock(TicketOf entry, ulong id)
    {
        var owners = Locks.GetValueOrDefault(id, []);
        return owners.Count < ClusterLimits.MaxLocks && Locks.Count < ClusterLimits.MaxLocks && !owners.Contains(entry)
            ? this with { Locks = Locks.SetItem(id, owners.Add(entry)) }
            : this;
    }

    private ClusterState Without(InformedPeer gone, List<Effect> effects)
    {
        var locks = Locks;
        foreach (var id in Locks.Keys)
            locks = Without(locks, id, x => x.Owner == gone.Peer);
        var state = this with
        {
            Informed = Informed.RemoveAll(x => x.Peer == gone.Peer),
            Index = Index.Without(gone),
            Blocks = Blocks.RemoveAll(x => x.Owner == gone.Peer),
            Locks = locks,
        };
        if (gone.IsMember)
            effects.Add(new Effect(EffectKind.Left, gone.Peer, gone.Node, state.Informed));
        return state;
    }

    private static ImmutableSortedDictionary<ulong, ImmutableList<TicketOf>> Without(
        ImmutableSortedDictionary<ulong, ImmutableList<TicketOf>> locks, ulong id, Predicate<TicketOf> isGone)
    {
        if (!locks.TryGetValue(id, out var owners))
            return locks;
        var rest = owners.RemoveAll(isGone);
        return rest.IsEmpty ? locks.Remove(id) : locks.SetItem(id, rest);
    }
}
