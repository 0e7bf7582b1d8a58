using System.Diagnostics;
using Totem.Core;
using Totem.Core.Time;
using Totem.Transport.Udp.Operation;

namespace Totem.Transport.Udp.Hosting;

/// <summary>The time as the ring's thread knows it. It notices when the thread was away for longer
/// than was planned.</summary>
internal sealed class HostClock(
    IRing processor, RingReporter reporter, ReaderWatch reader, RingEnd end, Vitals vitals)
{
    /// <summary>Of the token timeout: longer than this without a turn of the thread, and the others
    /// may have gone on without us.</summary>
    private const double PauseShare = 0.5;

    private static readonly long Origin = Stopwatch.GetTimestamp();

    private readonly TimeSpan _pauseMin = processor.Options.TokenTimeout * PauseShare;
    private Instant _due;

    /// <summary>The time, read from the machine.</summary>
    public static Instant Now() => new(Stopwatch.GetElapsedTime(Origin).Ticks);

    /// <summary>The date of a moment, as the system's clock stands now.</summary>
    public static DateTimeOffset DateOf(Instant moment) => DateTimeOffset.UtcNow + (moment - Now());

    /// <summary>The thread begins: until now it was not away.</summary>
    public void Begin() => _due = Now();

    /// <summary>Reads the time for what is done next.</summary>
    public Instant Tick() => Tick(isAfterHandler: false);

    /// <summary>Handlers of the application have returned: what they took is theirs.</summary>
    public void TickAfterHandlers() => Tick(isAfterHandler: true);

    /// <summary>The thread will sleep for so long; null until it is woken.</summary>
    public void Plan(Instant now, TimeSpan? sleep) =>
        _due = sleep is { } planned ? now + planned : new Instant(long.MaxValue);

    private Instant Tick(bool isAfterHandler)
    {
        var now = Now();
        // Between two looks at the clock lies work that takes microseconds, or a sleep whose end was planned.
        if (now > _due && now - _due >= Vitals.GapMin)
            NoteGap(now - _due, isAfterHandler, now);
        return _due = reporter.Now = now;
    }

    private void NoteGap(TimeSpan length, bool isAfterHandler, Instant now)
    {
        vitals.NoteGap(length, isAfterHandler, now);
        if (length >= _pauseMin)
            NotePause(length, now);
    }

    /// <summary>Our judgement of others now, or of our application, may be only our own absence.</summary>
    private void NotePause(TimeSpan length, Instant now)
    {
        reporter.Now = now;
        reporter.OnPause(length);
        processor.HandlePause(length, now);
        reader.HandlePause(length);
        end.HandlePause(length);
    }
}
