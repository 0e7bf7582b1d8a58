namespace Totem.Transport.Udp.Hosting;

/// <summary>
/// Tells the ring's thread that there is work. Costs a system call only while that thread sleeps, and for a message only
/// while the thread would do something with it: as a rule the message leaves with the token, which wakes the thread itself.
/// </summary>
/// <param name="wakeThread">Ends the sleep of the ring's thread, by a system call.</param>
internal sealed class WakeSignal(Action wakeThread)
{
    private int _sleep = (int)Sleep.None;
    private int _isWoken;
    private int _isTold;

    private enum Sleep
    {
        None,

        /// <summary>A message changes nothing before the token comes.</summary>
        AwaitsToken,

        /// <summary>A message leaves at once, or the token is asked for.</summary>
        AwaitsMessage,
    }

    /// <summary>There is work. Any thread.</summary>
    public void Wake()
    {
        // Exchanges are fences: either the thread sees that it is woken before it sleeps, or we see that it sleeps.
        Interlocked.Exchange(ref _isWoken, 1);
        if (Volatile.Read(ref _sleep) != (int)Sleep.None && Interlocked.Exchange(ref _sleep, (int)Sleep.None) != (int)Sleep.None)
            wakeThread();
    }

    /// <summary>A message waits to be sent. Any thread.</summary>
    public void Tell()
    {
        Interlocked.Exchange(ref _isTold, 1);
        if (Volatile.Read(ref _sleep) == (int)Sleep.AwaitsMessage
            && Interlocked.CompareExchange(ref _sleep, (int)Sleep.None, (int)Sleep.AwaitsMessage) == (int)Sleep.AwaitsMessage)
            wakeThread();
    }

    /// <summary>From here on a wake ends the sleep. The ring's thread.</summary>
    /// <param name="actsOnMessages">A message that is submitted meanwhile ends it too.</param>
    /// <returns>Whether there is work already.</returns>
    public bool BeginSleep(bool actsOnMessages)
    {
        Interlocked.Exchange(ref _sleep, (int)(actsOnMessages ? Sleep.AwaitsMessage : Sleep.AwaitsToken));
        return Volatile.Read(ref _isWoken) != 0 || (actsOnMessages && Volatile.Read(ref _isTold) != 0);
    }

    /// <summary>The thread looks at everything now. The ring's thread.</summary>
    public void EndSleep()
    {
        Volatile.Write(ref _sleep, (int)Sleep.None);
        Interlocked.Exchange(ref _isWoken, 0);
        Interlocked.Exchange(ref _isTold, 0);
    }
}
