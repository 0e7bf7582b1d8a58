using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The session is over: the other side goes on, or this one lagged too far behind, or the backend is
/// lost.</summary>
/// <param name="common">The fields that the session has in every state.</param>
/// <param name="reason">Why, for people.</param>
/// <param name="seats">Where the members sat that it knew.</param>
internal sealed class LostState(SessionCommon common, string reason, IReadOnlySet<uint> seats) : SessionState(common)
{
    private bool _isNoted;

    public override SessionPhase Phase => SessionPhase.Lost;

    public string Reason => reason;

    public override bool TrySend(byte[] message) => false;

    public void Begin(AfterLoss next)
    {
        switch (next)
        {
            case AfterLoss.Reconnects:
                Reconnect();
                break;
            case AfterLoss.ReconnectsIfPossible:
                ReconnectIfPossible();
                break;
            case AfterLoss.Fails:
                Common.Output.Tell(new ClusterEvent(ClusterEventKind.Failed) { Reason = reason });
                break;
            case AfterLoss.Waits:
            default:
                break;
        }
    }

    /// <summary>Somebody came, went or died: enough of those who were members may be within reach again.</summary>
    public void ReconnectIfPossible()
    {
        var here = Common.Peers.Select(x => x.Seat).Where(seats.Contains).Append(Common.Self.Seat).ToHashSet();
        var elsewhere = seats.Where(x => !here.Contains(x) && !Common.Deaths.Contains(x)).ToHashSet();
        if (PartitionPolicy.GoesOn(Common.Options.Rule, Common.Options.Quorum, here, elsewhere))
            Reconnect();
    }

    /// <summary>A message shows that somebody goes on, and can be reached.</summary>
    public void HandleMessage(OrderedMessage element)
    {
        if (element.Message.Kind == ClusterMessageKind.View && element.Sender != Common.Self)
            Reconnect();
    }

    /// <summary>Tells sheep to join afresh, if it has not been told anything that it has not taken yet.</summary>
    public void Reconnect()
    {
        if (Common.Output.EventCount > 0)
            return;
        Common.Output.Tell(new ClusterEvent(ClusterEventKind.Reconnect));
        if (!_isNoted)
            Common.Output.Note(ClusterLogLevel.Information, "the cluster can be reached: this sheep joins afresh");
        _isNoted = true;
    }
}
