using System.Diagnostics;

namespace Totem.Transport.Udp.Transports;

/// <summary>How the ring's thread waits: it looks for datagrams while that pays
/// (<see cref="BusyWait"/>), then it sleeps.</summary>
internal sealed class RingSleep(ISleepSource source, TimeSpan busyPoll)
{
    private readonly BusyWait? _busy = busyPoll > TimeSpan.Zero ? new BusyWait(busyPoll) : null;

    /// <summary>Waits until something can be received, somebody wakes us, or the time is over.</summary>
    /// <returns>False when it found something without having slept.</returns>
    public bool Wait(TimeSpan? timeout, TokenForecast forecast, Func<bool> mayLook, RingTurns? turns)
    {
        if (!source.IsDrained)
            timeout = TimeSpan.Zero;
        else if (_busy is { } busy && busy.Pays(forecast) && mayLook() && Look(busy, ref timeout))
            return false;
        var began = turns is not null && timeout != TimeSpan.Zero ? Stopwatch.GetTimestamp() : 0;
        source.Poll(timeout);
        if (began != 0)
            turns!.Rested(Stopwatch.GetElapsedTime(began));
        return true;
    }

    /// <summary>Ends the present or next wait. Any thread.</summary>
    public void Wake()
    {
        if (_busy is null || !_busy.TryWake())
            source.WakePoll();
    }

    /// <summary>Looks for datagrams until one has come, we are woken, or the time to do so is over.</summary>
    /// <returns>False when it is time to sleep, for what is left of the timeout.</returns>
    private bool Look(BusyWait busy, ref TimeSpan? timeout)
    {
        var began = Stopwatch.GetTimestamp();
        busy.Begin(began);
        var deadline = timeout is { } limit ? began + (long)(limit.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
        bool found;
        do
        {
            source.LookAgain();
            // It knows better than we which sockets are worth a look.
            if (busy.IsPollerDue())
                source.Poll(TimeSpan.Zero);
            found = source.TryReadBatch();
            // A thread that wants the core has it first: the token it has to send is what we wait for.
            if (!found)
                Thread.Yield();
        }
        while (!found && !source.HasReports && busy.GoesOn(deadline));

        var woken = busy.End();
        if (timeout is { } whole)
            timeout = whole - Stopwatch.GetElapsedTime(began);
        return found || woken || source.HasReports || timeout <= TimeSpan.Zero;
    }
}
