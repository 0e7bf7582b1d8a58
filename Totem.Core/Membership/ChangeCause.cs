namespace Totem.Core.Membership;

/// <summary>
/// The cause that the next change of membership is put down to, and whether that was a pause of our own
/// (docs/design/protocol.md, "A pause of our own").
/// </summary>
internal sealed class ChangeCause(RingOptions options, RingTrail trail)
{
    /// <summary>
    /// One token can have waited in the socket while we stood still. A second one has gone round since, so the others
    /// have kept our ring.
    /// </summary>
    private const int TokensUntilHarmless = 2;

    private NotedCause? _noted;
    private (TimeSpan Length, int Tokens)? _pause;

    /// <summary>The members went on without us because our process stood still.</summary>
    public bool IsOurPause => _noted is { Reason: GatherReason.StoodStill };

    /// <summary>The first reason is the one that people want to know; what happens on the way to the next ring is
    /// detail.</summary>
    public void Note(GatherReason reason, ProcessorSet suspects, TimeSpan elapsed) =>
        _noted ??= IsDueToPause(reason, suspects)
            ? new NotedCause(GatherReason.StoodStill, ProcessorSet.Of(options.Self), _pause!.Value.Length)
            : new NotedCause(reason, suspects, elapsed);

    /// <summary>We were called by a processor that knew first, and now know ourselves what became of the
    /// member.</summary>
    public void Refine(GatherReason reason, ProcessorId peer)
    {
        if (_noted is { Reason: GatherReason.MemberGivenUp } noted && noted.Suspects.Contains(peer))
            _noted = new NotedCause(reason, ProcessorSet.Of(peer), TimeSpan.Zero);
    }

    /// <summary>Our process stood still.</summary>
    /// <param name="length">For how long.</param>
    /// <param name="wasCaught">We began to gather within that time, with the time from before: what was noted is judged
    /// anew.</param>
    public void HandlePause(TimeSpan length, bool wasCaught)
    {
        _pause = (_pause is { } before && before.Length > length ? before.Length : length, 0);
        if (!wasCaught || _noted is not { } noted)
            return;
        _noted = null;
        Note(noted.Reason, noted.Suspects, noted.Elapsed);
    }

    /// <summary>A token of our ring has come.</summary>
    public void NoteToken()
    {
        if (_pause is { } pause)
            _pause = pause.Tokens + 1 < TokensUntilHarmless ? (pause.Length, pause.Tokens + 1) : null;
    }

    /// <summary>A ring is installed without these members of the last one: its cause, which is told once.</summary>
    public NotedCause Take(ProcessorSet left)
    {
        var cause = _noted ?? new NotedCause(GatherReason.JoinReceived, ProcessorSet.Empty, TimeSpan.Zero);
        (_noted, _pause) = (null, null);
        if (cause.Reason != GatherReason.TokenLost || left.IsEmpty)
            return cause;
        // The token died with the first of the departed, in ring order, whose predecessor is still here.
        foreach (var id in left)
        {
            var before = trail.LastMembers.PredecessorOf(id);
            if (!left.Contains(before))
                return cause with { Suspects = ProcessorSet.Of(id), LastHolder = before };
        }

        return cause with { Suspects = left };
    }

    /// <summary>The members of our ring went on without us because we stood still, and that is how we hear of
    /// it.</summary>
    private bool IsDueToPause(GatherReason reason, ProcessorSet suspects)
    {
        if (_pause is not { } pause || trail.LastMembers.IsEmpty)
            return false;
        return reason switch
        {
            GatherReason.TokenLost => true,
            GatherReason.JoinReceived or GatherReason.ForeignMessage or GatherReason.MergeDetected =>
                suspects.IsSubsetOf(trail.LastMembers) || pause.Length >= options.TokenTimeout,
            _ => false,
        };
    }
}

/// <summary>Why a processor began to look for a new ring.</summary>
/// <param name="Reason">The first reason.</param>
/// <param name="Suspects">The processors that it is about.</param>
/// <param name="Elapsed">How long it took to notice.</param>
/// <param name="LastHolder">Of a lost token: the last processor that is known to have had it.</param>
internal readonly record struct NotedCause(
    GatherReason Reason, ProcessorSet Suspects, TimeSpan Elapsed, ProcessorId LastHolder = default);
