namespace Totem.Transport.Udp.Transports;

/// <summary>A transport's sockets, as <see cref="RingSleep"/> sees them.</summary>
internal interface ISleepSource
{
    /// <summary>Nothing that was read waits to be handed out.</summary>
    bool IsDrained { get; }

    /// <summary>Something was noticed besides datagrams that nobody has looked at yet.</summary>
    bool HasReports { get; }

    /// <summary>Sleeps until a socket has something, and takes the news.</summary>
    void Poll(TimeSpan? timeout);

    /// <summary>No socket is taken for empty.</summary>
    void LookAgain();

    /// <summary>Reads what one socket has.</summary>
    bool TryReadBatch();

    /// <summary>Ends the present or the next <see cref="Poll"/>. Any thread.</summary>
    void WakePoll();
}
