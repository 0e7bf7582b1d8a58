using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>The effect of a join message on a gather.</summary>
internal enum JoinOutcome
{
    /// <summary>It comes from somebody we gave up, or says less than we know.</summary>
    Ignored,

    /// <summary>Its sender proposes what we propose.</summary>
    Agreed,

    /// <summary>Our sets have grown: everybody must say it again.</summary>
    Changed,
}

/// <summary>How a join message moves the sets of a gather (TOCS95, the membership protocol; WIRE §9.3).</summary>
internal static class JoinRules
{
    public static JoinOutcome Apply(
        GatherState gather, JoinMessage join, ProcessorId self, ProcessorSet lastMembers, Instant heardSince)
    {
        var sender = join.System;
        if (join.IsLeave)
            return gather.TryFail(sender) ? JoinOutcome.Changed : JoinOutcome.Ignored;
        if (join.Proposes(gather.Proposed, gather.Failed))
        {
            gather.Agree(sender);
            return JoinOutcome.Agreed;
        }

        if (gather.Failed.Contains(sender))
            return JoinOutcome.Ignored;
        if (join.Proposed.IsSubsetOf(gather.Proposed) && join.Failed.IsSubsetOf(gather.Failed))
            return JoinOutcome.Ignored;

        if (join.Proposed.Count == ProcessorSet.MaxCount && !join.Proposed.Contains(sender))
            return JoinOutcome.Ignored; // Nobody correct leaves itself out; and there is no room to put it in.
        var changed = gather.TryPropose(join.Proposed.With(sender));
        // A correct sender knows whom it gives up, a daemon but for somebody whose farewell it heard as a stranger. A
        // list that does not fit beside those we know is nobody's: whom we do not know we cannot give up.
        var unknown = join.Failed.Except(gather.Proposed);
        if (!unknown.IsEmpty)
            changed |= gather.TryPropose(unknown);
        if (join.Failed.Contains(self))
            changed |= GiveUpExcluder(gather, join, self);
        else if (join.Trailer is { } trailer)
            changed |= AdoptExplained(gather, join, trailer, heardSince);
        else if (lastMembers.Contains(sender))
            // corosync does not say why. Its rule: lists of those who were not on our ring do not count.
            changed |= FailAll(gather, join.Failed.Intersect(gather.Proposed));
        return changed ? JoinOutcome.Changed : JoinOutcome.Ignored;
    }

    private static bool GiveUpExcluder(GatherState gather, JoinMessage join, ProcessorId self)
    {
        // We hear one who does not hear us. Others who hear both of us should know that it is the link.
        if (join.Trailer is { } trailer && trailer.Silent.Contains(self))
            gather.TryBreak(new BrokenLink(join.System, self));
        return gather.TryFail(join.System);
    }

    /// <summary>
    /// A processor that its accuser does not hear but we do is not dead: their link is broken, and one of the two must
    /// go, the same one wherever this is decided.
    /// </summary>
    private static bool AdoptExplained(GatherState gather, JoinMessage join, JoinTrailer trailer, Instant heardSince)
    {
        foreach (var link in trailer.Broken)
        {
            if (gather.Knows(link.Listener) && gather.Knows(link.Speaker))
                gather.TryBreak(link);
        }

        foreach (var silent in trailer.Silent)
        {
            if (gather.HasJoinedSince(silent, heardSince))
                gather.TryBreak(new BrokenLink(join.System, silent));
        }

        var changed = gather.ResolveBrokenLinks();
        // If it is the sender that must go, whom it gives up in turn is nobody's business but its own.
        if (gather.Failed.Contains(join.System))
            return changed;
        foreach (var failed in join.Failed.Intersect(gather.Proposed))
        {
            if (!IsExplained(failed, join.System, trailer, gather))
                changed |= gather.TryFail(failed);
        }

        return changed;
    }

    private static bool IsExplained(ProcessorId failed, ProcessorId sender, JoinTrailer trailer, GatherState gather)
    {
        foreach (var link in trailer.Broken)
        {
            if (link.Includes(failed))
                return true;
        }

        return trailer.Silent.Contains(failed) && gather.IsBroken(new BrokenLink(sender, failed));
    }

    private static bool FailAll(GatherState gather, ProcessorSet failed)
    {
        var changed = false;
        foreach (var id in failed)
            changed |= gather.TryFail(id);
        return changed;
    }
}
