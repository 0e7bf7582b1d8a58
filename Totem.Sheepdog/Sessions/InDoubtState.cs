using System.Globalization;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>Members are missing, and it is not clear that this side may go on: what is ordered is kept back.</summary>
/// <param name="common">The fields that the session has in every state.</param>
/// <param name="joined">Where it goes on if this side may.</param>
/// <param name="cut">The members that are missing.</param>
internal sealed class InDoubtState(SessionCommon common, JoinedState joined, Cut cut) : SessionState(common)
{
    private const string OtherSideWentOn = "the cluster was cut in two, and the other side went on";
    private const string NextText =
        "which may not go on; nothing is delivered until the others are back, or known to have ended";

    private readonly List<OrderedElement> _kept = [];

    public override SessionPhase Phase => SessionPhase.InDoubt;

    public override ClusterState Known => joined.Cluster;

    /// <summary>The operator was told of the cut.</summary>
    public bool IsNoted { get; private set; }

    public override bool TrySend(byte[] message) => joined.TrySend(message);

    /// <summary>Says what is missing.</summary>
    public void Begin()
    {
        // Of the dead all will know in a moment.
        var away = cut.Away(Common.Deaths);
        IsNoted = Common.Output.WritesNotes && away.Length > 0;
        if (IsNoted)
        {
            var all = Known.Members.Count();
            Common.Output.Note(ClusterLogLevel.Warning, string.Create(
                CultureInfo.InvariantCulture,
                $"cut off from {Known.NamesOf(away)}: "
                + $"{all - away.Length} of {all} sheep are on this side, {NextText}"));
        }

        TellDeaths();
    }

    public Transition? HandleChange(OrderedChange change)
    {
        if (change.Joined.Any(x => x.Peer == Common.Self || cut.IsMissing(x.Peer)))
            return new ToLost(OtherSideWentOn, AfterLoss.ReconnectsIfPossible);
        var count = cut.MissingCount;
        cut.Add(Known, change.Left);
        // A new session at a seat: the one before it there is over.
        cut.End([.. change.Joined.Select(x => x.Peer.Seat)]);
        if (KeepBack(change) is { } lost)
            return lost;
        if (cut.MissingCount != count)
            TellDeaths();
        return Resolve();
    }

    public Transition? HandleMessage(OrderedMessage element)
    {
        var (sender, message) = element;
        if (message.Kind == ClusterMessageKind.Deaths)
        {
            if (Known.Find(sender) is null || cut.IsMissing(sender))
                return null;
            cut.End(message.Seats);
            return Resolve();
        }

        return message.Kind == ClusterMessageKind.View && Known.Find(sender) is null
            ? new ToLost(OtherSideWentOn, AfterLoss.Reconnects)
            : KeepBack(element);
    }

    /// <summary>One session may know what another does not, so it is decided by what was said, at its place in the
    /// order.</summary>
    public void TellDeaths()
    {
        if (cut.DeadSeats(Common.Deaths) is { Length: > 0 } seats)
            Common.Output.Send(new ClusterMessage(ClusterMessageKind.Deaths) { Seats = seats });
    }

    public void HandleTime() => joined.ForgetTime();

    public override string ToString() =>
        $"{cut}, dead seats [{Common.Deaths}], {_kept.Count} elements kept back, {Known}";

    private ToLost? KeepBack(OrderedElement element)
    {
        _kept.Add(element);
        Common.Output.CountKept(element);
        return Common.Output.IsOverflown
            ? new ToLost(
                $"more than {ClusterLimits.MaxWaitingBytes >> 20} MiB waited for the end of a cut", AfterLoss.Waits)
            : null;
    }

    private ToJoined.ByEndOfDoubt? Resolve()
    {
        if (!cut.LetsGoOn(Known, Common.Options))
            return null;
        foreach (var element in _kept)
            Common.Output.CountReleased(element);
        return new ToJoined.ByEndOfDoubt(joined, _kept);
    }
}
