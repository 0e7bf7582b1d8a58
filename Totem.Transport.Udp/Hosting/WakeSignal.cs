using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>Tells the ring's thread that there is work. Costs a system call only while that thread sleeps.</summary>
internal sealed class WakeSignal(IRingTransport transport)
{
    private int _isSleeping;
    private int _isWoken;

    /// <summary>There is work. Any thread.</summary>
    public void Wake()
    {
        // Exchanges are fences: either the thread sees that it is woken before it sleeps, or we see that it sleeps.
        Interlocked.Exchange(ref _isWoken, 1);
        if (Volatile.Read(ref _isSleeping) != 0 && Interlocked.Exchange(ref _isSleeping, 0) != 0)
            transport.Wake();
    }

    /// <summary>From here on a wake ends the sleep. The ring's thread.</summary>
    /// <returns>Whether there is work already.</returns>
    public bool BeginSleep()
    {
        Interlocked.Exchange(ref _isSleeping, 1);
        return Volatile.Read(ref _isWoken) != 0;
    }

    /// <summary>The thread looks at everything now. The ring's thread.</summary>
    public void EndSleep()
    {
        Volatile.Write(ref _isSleeping, 0);
        Interlocked.Exchange(ref _isWoken, 0);
    }
}
