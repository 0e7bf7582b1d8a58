using Totem.Core.Diagnostics;

namespace Totem.Simulation.Model;

/// <summary>Where exactly, after the event that pulls the trigger, a processor crashes.</summary>
internal enum CrashPoint
{
    /// <summary>Before anything else happens: nothing is stored, nothing sent.</summary>
    AtOnce,

    /// <summary>When what had to be stored is on stable storage, before anything is sent.</summary>
    Stored,

    /// <summary>After so many more datagrams have been sent.</summary>
    Sent,
}

/// <summary>Crashes a processor at a step of the protocol: when its engine reports an event for the
/// n-th time from now.</summary>
internal sealed class CrashTrigger(RingEventKind kind, int occurrence, CrashPoint point, int sends)
{
    private int _remaining = occurrence;

    public CrashPoint Point => point;

    /// <summary>For <see cref="CrashPoint.Sent"/>: how many datagrams still go out.</summary>
    public int Sends => sends;

    /// <summary>True at the occurrence that was waited for.</summary>
    public bool IsPulledBy(RingEventKind reported) => reported == kind && --_remaining == 0;
}
