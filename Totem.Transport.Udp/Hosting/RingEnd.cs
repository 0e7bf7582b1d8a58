using Totem.Core.Time;

namespace Totem.Transport.Udp.Hosting;

/// <summary>Whether, why and until when a member leaves. Any thread may ask for the end; the rest
/// is the ring's thread's.</summary>
internal sealed class RingEnd(TimeSpan flushTimeout)
{
    private volatile bool _leaveRequested;
    private volatile bool _crashRequested;

    /// <summary>A message that was accepted is to be multicast, and the others are to be told. Any thread.</summary>
    public bool IsLeaveRequested => _leaveRequested;

    /// <summary>The thread has nothing more to do.</summary>
    public bool IsOver => HasLeft || _crashRequested;

    /// <summary>The member has said goodbye.</summary>
    public bool HasLeft { get; private set; }

    /// <summary>The reason for which another member told this one to stop; null when none did.</summary>
    public RingFailedException? KillReason { get; private set; }

    /// <summary>Until when the flush may take; null before it has begun.</summary>
    public Instant? Deadline { get; private set; }

    /// <summary>Any thread; again is a no-op.</summary>
    public void RequestLeave() => _leaveRequested = true;

    /// <summary>Any thread.</summary>
    public void RequestCrash() => _crashRequested = true;

    /// <summary>Another member tells this one to stop; the first reason counts.</summary>
    public void NoteKillReason(RingFailedException reason) => KillReason ??= reason;

    /// <summary>The whole process stood still for so long: the flush may take longer.</summary>
    public void HandlePause(TimeSpan length) => Deadline += length;

    /// <summary>The flush begins now, unless it has.</summary>
    /// <returns>Whether it has taken too long.</returns>
    public bool IsFlushOverdue(Instant now)
    {
        Deadline ??= now + flushTimeout;
        return now >= Deadline;
    }

    /// <summary>The member has said goodbye.</summary>
    public void NoteLeft() => HasLeft = true;
}
