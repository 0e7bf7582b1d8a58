using Totem.Core.Diagnostics;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>Which frames are heard at all, whatever we are doing.</summary>
internal sealed class Admission(RingOptions options)
{
    private ProcessorSet? _allowed = options.Allowed;

    /// <summary>These are heard as well. Nobody who was heard is not: a join names those whom its sender gives up, and
    /// among them are those that a configuration names no more.</summary>
    public void Allow(ProcessorSet more) => _allowed = _allowed?.Union(more);

    public bool IsAllowed(ProcessorId peer) => _allowed is not { } allowed || allowed.Contains(peer);

    /// <summary>Why a frame is dropped before anything is made of it; null when it is heard.</summary>
    public DiscardReason? Objection(scoped in Frame frame)
    {
        if (frame.Kind is not (FrameKind.RegularMessage or FrameKind.MergeDetect or FrameKind.Join))
            return null;
        if (frame.Sender == options.Self
            || (frame.Kind == FrameKind.RegularMessage && frame.Header.Node == options.Self))
            return DiscardReason.OwnMessage;
        var isKnown = IsAllowed(frame.Sender) && (frame.Join is not { } join || IsOfAllowed(join));
        return isKnown ? null : DiscardReason.UnknownProcessor;
    }

    /// <summary>A processor knows whom it gives up, so both sets together are no larger than one may be.</summary>
    private bool IsOfAllowed(JoinMessage join) => AreAllowed(join.Proposed) && AreAllowed(join.Failed)
        && join.Proposed.Count + join.Failed.Except(join.Proposed).Count <= ProcessorSet.MaxCount;

    private bool AreAllowed(ProcessorSet peers) => _allowed is not { } allowed || peers.IsSubsetOf(allowed);
}
