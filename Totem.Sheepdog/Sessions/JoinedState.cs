using System.Globalization;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The session was accepted, and may have left since and go on hearing: what is ordered counts.</summary>
/// <param name="common">The fields that the session has in every state.</param>
/// <param name="state">The state that all who are informed know alike.</param>
internal sealed class JoinedState(SessionCommon common, ClusterState state) : SessionState(common)
{
    private readonly SideViews _views = new();
    private readonly AnswerPatience _patience = new(common.Self, common.Options.PatienceMilliseconds);

    /// <summary>The request that sheep was asked about last, and how much had happened then.</summary>
    private (PeerId Peer, uint Attempt, ulong Version)? _asked;
    private (PeerId Peer, uint Attempt)? _grantSent;

    public override SessionPhase Phase => SessionPhase.Joined;

    public override ClusterState Known => Cluster;

    public ClusterState Cluster { get; private set; } = state;

    /// <summary>Another member has to answer a join request: the clock is wanted from time to time.</summary>
    public bool IsWaitingForAnswer => _patience.IsWaiting(Cluster);

    public override bool TrySend(byte[] message)
    {
        Common.Output.Send(message);
        return true;
    }

    /// <summary>Goes on after the accept.</summary>
    public Transition? Begin(List<Effect> effects, HeldMessages held)
    {
        if (Tell(new OrderedStep(effects, null, Common.Deaths)) is { } lost)
            return lost;
        while (held.TryTake(out var message))
            Common.Output.Send(message);
        Act();
        return null;
    }

    /// <summary>Goes on after a cut, with what was kept back meanwhile.</summary>
    public Transition? CatchUp(IReadOnlyList<OrderedElement> kept)
    {
        foreach (var element in kept)
        {
            // Of a change it was decided already that this side goes on behind it.
            if ((element is OrderedMessage message ? HandleMessage(message) : Apply(element)) is { } next)
                return next;
        }

        Act();
        return null;
    }

    public Transition? HandleMessage(OrderedMessage element) => element.Message.Kind switch
    {
        ClusterMessageKind.View => HandleView(element.Sender, element.Message.View),
        ClusterMessageKind.Deaths => null, // Those in doubt say it to each other.
        _ => Apply(element),
    };

    public Transition? HandleChange(OrderedChange change)
    {
        var cut = new Cut(Cluster, change.Left);
        if (!cut.LetsGoOn(Cluster, Common.Options))
            return new ToInDoubt(this, cut, change);
        if (Common.Output.WritesNotes && cut.Away(Common.Deaths) is { Length: > 0 } away)
        {
            var all = Cluster.Members.Count();
            Common.Output.Note(ClusterLogLevel.Warning, string.Create(
                CultureInfo.InvariantCulture,
                $"cut off from {Cluster.NamesOf(away)}, which may be running: "
                + $"this side goes on with {all - away.Length} of {all} sheep"));
        }

        return Apply(change);
    }

    /// <summary>Events before the change may not be told on a side that cannot go on.</summary>
    public Transition? HandleTransitional(IReadOnlyCollection<PeerId> survivors)
    {
        var cut = new Cut(Cluster, Common.Peers.Except(survivors).Select(x => new PeerLeft(x, IsKnownEnded: false)));
        return cut.LetsGoOn(Cluster, Common.Options) ? null : new ToInDoubt(this, cut, Change: null);
    }

    public void HandleTime(long milliseconds)
    {
        if (_patience.HandleTime(Cluster, milliseconds) is { } overdue)
            Common.Output.Send(overdue);
    }

    /// <summary>The session is in doubt: it waits for no answer.</summary>
    public void ForgetTime() => _patience.Forget();

    /// <summary>Does what this state makes this session's task.</summary>
    public void Act()
    {
        if (Cluster.Acceptor != Common.Self)
            _asked = null;
        if (Cluster.Pending is [var request, ..])
            ServeRequest(request);
        if (Common.Turns.TryOffer(Cluster, out var turn))
            Common.Output.Tell(ClusterEvent.Block(Cluster, Common.Self, turn));
        Common.Locks.Update(Cluster);
    }

    public override string ToString() => Cluster.ToString();

    private void ServeRequest(PendingJoin request)
    {
        var asked = (request.Peer, request.Attempt, Cluster.Version);
        if (Cluster.Acceptor == Common.Self && _asked != asked)
        {
            _asked = asked;
            Common.Output.Tell(new ClusterEvent(ClusterEventKind.Join, request.Node, new MemberList(Cluster.Informed))
            {
                Opaque = request.Opaque,
                Peer = request.Peer,
                Attempt = request.Attempt,
                Version = Cluster.Version,
            });
        }
        else if (Cluster.Acceptor is null && Cluster.Informed[0].Peer == Common.Self
            && _grantSent != (request.Peer, request.Attempt))
        {
            _grantSent = (request.Peer, request.Attempt);
            Common.Output.Send(new ClusterMessage(ClusterMessageKind.Grant)
            {
                Peer = request.Peer,
                Attempt = request.Attempt,
                State = request.Before?.Bare(),
            });
        }
    }

    private ToLost? Apply(OrderedElement element)
    {
        List<Effect> effects = [];
        Cluster = element.Apply(Cluster, effects);
        var change = element as OrderedChange;
        if (Tell(new OrderedStep(effects, change, Common.Deaths)) is { } lost)
            return lost;
        if (change is not null)
            AnnounceView(change);
        Act();
        return null;
    }

    private ToLost? Tell(in OrderedStep step)
    {
        if (Common.Output.WritesNotes)
            NoteMembers(step);
        foreach (var effect in step.Effects)
        {
            if (effect.Peer == Common.Self && effect.Kind == EffectKind.Replaced)
                return ToLost.NodeReplaced();
            if (effect.Peer == Common.Self && effect.Kind == EffectKind.Left)
                AskAgainForTurns(effect.Turns);
            if (step.EventOf(effect) is { } clusterEvent)
                Common.Output.Tell(clusterEvent);
        }

        return Common.Output.IsOverflown
            ? new ToLost(
                $"sheep has left more than {ClusterLimits.MaxWaitingBytes >> 20} MiB of events waiting",
                AfterLoss.Reconnects)
            : null;
    }

    private void NoteMembers(in OrderedStep step)
    {
        foreach (var effect in step.Effects)
        {
            if (step.TextOf(effect, Common.Self) is { } text)
                Common.Output.Note(ClusterLogLevel.Information, text);
        }
    }

    private void AskAgainForTurns(IReadOnlyList<TicketOf> turns)
    {
        foreach (var ticket in Common.Turns.EndLeave(turns))
            Common.Output.Send(new ClusterMessage(ClusterMessageKind.Block) { Ticket = ticket });
    }

    /// <summary>The group holds a session that this state does not know: perhaps it comes from a side that went on too.
    /// The oldest session on each side announces how much its side has; <see cref="HandleView"/> compares.</summary>
    private void AnnounceView(OrderedChange change)
    {
        _views.Clear();
        if (!change.HasOtherSides || Cluster.Informed.IsEmpty || Cluster.Informed[0].Peer != Common.Self
            || Common.Peers.All(x => Cluster.Find(x) is not null))
            return;
        var lowest = Cluster.Informed.Select(x => x.Peer).Min();
        var view = new ClusterView(Cluster.Members.Count(), lowest);
        Common.Output.Send(new ClusterMessage(ClusterMessageKind.View) { View = view });
    }

    private ToLost? HandleView(PeerId sender, ClusterView view)
    {
        if (Cluster.Find(sender) is not null)
            _views.AddOwn(view);
        else
            _views.AddForeign(view);
        return _views.IsBeaten
            ? new ToLost("two clusters met, and the other one is greater", AfterLoss.Reconnects)
            : null;
    }
}
