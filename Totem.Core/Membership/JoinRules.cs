using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>What a join message did to a gather.</summary>
internal enum JoinOutcome
{
    /// <summary>It comes from somebody we gave up, or says less than we know.</summary>
    Ignored,

    /// <summary>Its sender proposes what we propose.</summary>
    Agreed,

    /// <summary>Our sets have grown: everybody must say it again.</summary>
    Changed,
}

/// <summary>How a join message moves the sets of a gather (TOCS95, the membership protocol; wire.md section 9.3).</summary>
internal static class JoinRules
{
    public static JoinOutcome Apply(
        GatherState gather, JoinMessage join, ProcessorId self, ProcessorSet lastMembers, Instant heardSince)
    {
        var sender = join.System;
        if (join.IsLeave)
            return gather.TryFail(sender) ? JoinOutcome.Changed : JoinOutcome.Ignored;
        if (join.Proposed == gather.Proposed && join.Failed == gather.Failed)
        {
            gather.Agree(sender);
            return JoinOutcome.Agreed;
        }

        if (gather.Failed.Contains(sender))
            return JoinOutcome.Ignored;
        if (join.Proposed.IsSubsetOf(gather.Proposed) && join.Failed.IsSubsetOf(gather.Failed))
            return JoinOutcome.Ignored;

        var changed = gather.TryPropose(join.Proposed.With(sender));
        if (join.Failed.Contains(self))
            changed |= GiveUpExcluder(gather, join, self);
        else if (join.Trailer is { } trailer)
            changed |= AdoptExplained(gather, join, trailer, heardSince);
        else if (lastMembers.Contains(sender))
            // corosync does not say why. Its rule: lists of those who were not on our ring do not count.
            changed |= FailAll(gather, join.Failed);
        return changed ? JoinOutcome.Changed : JoinOutcome.Ignored;
    }

    private static bool GiveUpExcluder(GatherState gather, JoinMessage join, ProcessorId self)
    {
        // We hear one who does not hear us. Others who hear both of us should know that it is the link.
        if (join.Trailer is { } trailer && trailer.Silent.Contains(self))
            gather.TryBreak(new LinkPair(self, join.System));
        return gather.TryFail(join.System);
    }

    /// <summary>
    /// A processor that its accuser does not hear but we do is not dead: their link is broken, and one of the two must go,
    /// the same one wherever this is decided.
    /// </summary>
    private static bool AdoptExplained(GatherState gather, JoinMessage join, JoinTrailer trailer, Instant heardSince)
    {
        var changed = false;
        foreach (var pair in trailer.Broken)
            gather.TryBreak(pair);
        foreach (var failed in join.Failed)
        {
            if (trailer.Silent.Contains(failed) && gather.HasJoinedSince(failed, heardSince))
                gather.TryBreak(new LinkPair(join.System, failed));
            else if (!IsExplained(failed, trailer))
                changed |= gather.TryFail(failed);
        }

        return gather.ResolveBrokenPairs() | changed;
    }

    private static bool IsExplained(ProcessorId failed, JoinTrailer trailer)
    {
        foreach (var pair in trailer.Broken)
        {
            if (pair.Includes(failed))
                return true;
        }

        return false;
    }

    private static bool FailAll(GatherState gather, ProcessorSet failed)
    {
        var changed = false;
        foreach (var id in failed)
            changed |= gather.TryFail(id);
        return changed;
    }
}
