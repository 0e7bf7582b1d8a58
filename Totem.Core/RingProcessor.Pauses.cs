using Totem.Core.Membership;
using Totem.Core.Model;
using Totem.Core.Time;

namespace Totem.Core;

/// <content>A host that stood still (docs/protocol.md, "A pause of our own").</content>
public sealed partial class RingProcessor
{
    /// <summary>
    /// One token can have waited in the socket while we stood still. A second one has gone round since, so the others have kept our ring.
    /// </summary>
    private const int TokensUntilHarmless = 2;

    private (TimeSpan Length, int Tokens)? _pause;

    /// <summary>
    /// The host noticed that it had not run for a while, though it had meant to: its process was stopped or not scheduled. It says so before
    /// it hands in what has come meanwhile. The pause changes no decision about the membership, but what follows from it is not put down to
    /// others: the next change names it as the cause (<see cref="GatherReason.StoodStill"/>).
    /// </summary>
    /// <param name="length">How long the host had not run.</param>
    /// <param name="now">The time, at the end of the pause.</param>
    public void HandlePause(TimeSpan length, Instant now)
    {
        _observer.Enter();
        if (length <= TimeSpan.Zero)
            return;
        _pause = (_pause is { } before && before.Length > length ? before.Length : length, 0);
        // A call that the pause interrupted can have noted a cause when it went on, with the time from before.
        if (_state is GatherState gather && now - gather.Since <= length && _cause is { } cause)
        {
            _cause = null;
            NoteCause(cause.Reason, cause.Suspects, cause.Elapsed);
        }

        // We saw no token, so we cannot say that somebody made no progress.
        if (_state is OperationalState { Ring: var ring })
            ring.Stuck = ring.Stuck with { Since = ring.Stuck.Since + length };
        CheckInvariants();
    }

    private void NoteTokenAfterPause()
    {
        if (_pause is { } pause)
            _pause = pause.Tokens + 1 < TokensUntilHarmless ? (pause.Length, pause.Tokens + 1) : null;
    }

    /// <summary>The members of our ring went on without us because we stood still, and that is how we hear of it.</summary>
    private bool IsDueToPause(GatherReason reason, ProcessorSet suspects)
    {
        if (_pause is not { } pause || _installed is not { } installed)
            return false;
        return reason switch
        {
            GatherReason.TokenLost => true,
            GatherReason.JoinReceived or GatherReason.ForeignMessage or GatherReason.MergeDetected =>
                suspects.IsSubsetOf(installed.Members) || pause.Length >= Options.TokenTimeout,
            _ => false,
        };
    }
}
