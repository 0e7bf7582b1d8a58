namespace Totem.Transport.Knet.Links;

/// <summary>How a link is judged. The defaults are corosync's for a token timeout of 1 s and two nodes.</summary>
internal sealed record LinkTimers
{
    /// <summary>The time between two pings; rounded up to the tick of 200 ms.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A link without a pong for this long is down. Longer while it is young
    /// (<see cref="LinkLiveness"/>).</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How many pongs make the average of the latency.</summary>
    public int PingPrecision { get; init; } = 2048;

    /// <summary>One more pong than this brings a link up.</summary>
    public int PongCount { get; init; } = 2;

    /// <summary>The values that corosync derives from its token timeout (KNET §16).</summary>
    public static LinkTimers OfToken(TimeSpan token, int pongCount = 2) => new()
    {
        PingTimeout = TimeSpan.FromMilliseconds((long)token.TotalMilliseconds / pongCount),
        PingInterval = TimeSpan.FromMilliseconds((long)token.TotalMilliseconds / (pongCount * 2)),
        PongCount = pongCount,
    };
}
