using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>The ring's thread among those that want the same cores: its priority, and the rest that it owes them for that. Used by it alone.</summary>
internal sealed class ThreadShare(IRingTransport transport, RingReporter reporter, ILogger logger)
{
    private RingTurns? _turns;
    private RingPrecedence? _precedence;

    /// <summary>Gives the calling thread the priority that was asked for, as far as it may have it.</summary>
    [SupportedOSPlatform("linux")]
    public void Begin(RingScheduling wanted)
    {
        if (wanted.IsRealTime && LinuxThread.TrySetRealTime(true))
        {
            transport.Turns = _turns = new RingTurns(HostLoad.IsBusy);
            transport.MayLook = () => _turns.MayLook(reporter.Now);
            _precedence = new RingPrecedence(RunDelay.OfThisThread);
            return;
        }

        if (wanted.IsRealTime)
            Log.NoRealTime(logger, transport.Self, Marshal.GetLastPInvokeErrorMessage(), LinuxThread.RealTimePriority);
        if ((wanted.IsRealTime ? LinuxThread.FallbackNiceness : wanted.Niceness) is not { } niceness)
            return;
        if (!LinuxThread.TrySetNiceness(niceness) && !wanted.IsRealTime)
            Log.NoNiceness(logger, transport.Self, niceness, Marshal.GetLastPInvokeErrorMessage());
    }

    /// <summary>Goes before the readers of this process, or not.</summary>
    public void Follow(bool isReaderBehind, Instant now)
    {
        if (OperatingSystem.IsLinux() && _precedence?.Update(isReaderBehind, now) == true)
            LinuxThread.TrySetRealTime(_precedence.IsFirst);
    }

    /// <summary>Sleeps for what is owed; mostly for no time.</summary>
    public void RestIfOwed()
    {
        if (_turns?.TakeOwedRest(HostClock.Now()) is { Ticks: > 0 } owed)
            Thread.Sleep(owed);
    }
}
