using Totem.Core.Model;
using Totem.Core.Time;

namespace Totem.Core;

/// <summary>
/// How a host judges its application: it has stopped when it has not taken the frame that is next for too long, even if
/// it takes a message now and then, because others give up whoever holds them at one number. A member that stands aside
/// comes back when it has caught up, or taken as much as half of what others may be ahead of it: sooner, it would hold
/// them up again at once.
/// </summary>
/// <param name="limit">How long is accepted; null for ever.</param>
public sealed class ReaderWatch(TimeSpan? limit)
{
    private RingPosition? _next;
    private Instant _since;
    private bool _wasAside;
    private int _takenAside;

    /// <summary>Since when the application has not taken the next frame; null when none waits.</summary>
    public Instant? WaitingSince => _next is null ? null : _since;

    /// <summary>The whole process stood still for so long, which is not the application's doing.</summary>
    public void HandlePause(TimeSpan length) => _since += length;

    /// <summary>Looks at a processor. Often enough is some times in the accepted time.</summary>
    /// <param name="processor">The ring whose deliveries the application takes.</param>
    /// <param name="now">The time.</param>
    /// <param name="hasRoom">False while the host has no room for what comes next. A change of membership is handed
    /// over all the same, so that nothing may wait any more and the application still has everything before it.</param>
    /// <returns>The verdict to tell <see cref="IRing.HandleReader"/>.</returns>
    public bool IsStopped(IRing processor, Instant now, bool hasRoom = true)
    {
        ArgumentNullException.ThrowIfNull(processor);
        var next = processor.FirstUndelivered;
        if (processor.IsAside != _wasAside)
            (_wasAside, _takenAside) = (processor.IsAside, 0);
        if (next != _next)
        {
            if (_wasAside && next?.Ring == _next?.Ring && next is { } current && _next is { } former)
                _takenAside += current.Seq.DistanceFrom(former.Seq);
            (_next, _since) = (next, now);
        }

        if (_wasAside && !hasRoom)
            return true;
        if (next is null)
            return false;
        return _wasAside
            ? _takenAside < processor.Options.FramesAheadMax / 2
            : now - _since >= limit;
    }
}
