using Totem.Core.Time;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Links;

/// <summary>The effect of an input on a link.</summary>
internal enum LinkChange
{
    None,
    Up,
    Down,
}

/// <summary>
/// Whether a link carries packets both ways, judged by the pongs to our own pings alone (KNET §9). The other end judges
/// for itself.
/// </summary>
internal sealed class LinkLiveness
{
    /// <summary>A link that is new, or was down, is judged this many times slower, and a little less so every
    /// second.</summary>
    private const int BackoffMax = 10;

    private static readonly TimeSpan BackoffInterval = TimeSpan.FromSeconds(1);

    private readonly PingHistory _pings = new();
    private int _backoff = BackoffMax;
    private TimeSpan _adjustedTimeout;
    private LinkTimers _timers;
    private Instant? _nextBackoff;
    private Instant? _lastPing;
    private Instant? _lastPong;
    private int _pongCount;
    private int _sampleCount;
    private long _averageTicks;

    public LinkLiveness(LinkTimers timers)
    {
        _timers = timers;
        _adjustedTimeout = timers.PingTimeout * BackoffMax;
    }

    public bool IsUp { get; private set; }

    /// <summary>
    /// At the last tick no pong had come for as long as a link that has been up for a while may be silent. One that is
    /// young is not down yet, but messages take another that answers.
    /// </summary>
    public bool IsOverdue { get; private set; }

    /// <summary>A pong has come since the link was down last.</summary>
    public bool HasPong => _lastPong is not null;

    /// <summary>The mean time from a ping to its pong.</summary>
    public TimeSpan AverageLatency => new(_averageTicks);

    public bool IsPingDue(Instant now) => _lastPing is not { } last || now - last >= _timers.PingInterval;

    /// <summary>From now on it is judged by these.</summary>
    public void Use(LinkTimers timers) => _timers = timers;

    /// <summary>A ping goes out.</summary>
    /// <param name="challenge">The bytes that its pong must bring back.</param>
    /// <param name="now">The time.</param>
    /// <param name="isTimed">It is a periodic one.</param>
    public void NotePing(ulong challenge, Instant now, bool isTimed)
    {
        _pings.Add(challenge, now);
        if (isTimed)
            _lastPing = now;
    }

    /// <summary>The tick: the link may have been silent for too long.</summary>
    public LinkChange HandleTick(Instant now)
    {
        _nextBackoff ??= now + BackoffInterval;
        if (_nextBackoff <= now)
        {
            _nextBackoff = now + BackoffInterval;
            _backoff = Math.Max(1, _backoff - 1);
            _adjustedTimeout = (_timers.PingTimeout * _backoff) + (2 * AverageLatency);
        }

        IsOverdue = _lastPong is { } pong && now - pong >= _timers.PingTimeout + (2 * AverageLatency);
        return _lastPong is { } last && now - last >= _adjustedTimeout ? GoDown() : LinkChange.None;
    }

    /// <summary>A pong came. One that we did not ask for, or not lately, changes nothing.</summary>
    /// <param name="pong">The pong.</param>
    /// <param name="now">The time.</param>
    /// <param name="discard">Why it was not counted; null when it was.</param>
    public LinkChange HandlePong(in PingPacket pong, Instant now, out KnetDiscard? discard)
    {
        discard = null;
        if (!_pings.TryFind(pong.Challenge, out var sentAt) || pong.Time != (ulong)sentAt.Ticks)
        {
            discard = KnetDiscard.UnaskedPong;
            return LinkChange.None;
        }

        _lastPong = now;
        IsOverdue = false;
        var sample = now - sentAt;
        if (sample > _timers.PingTimeout)
        {
            discard = KnetDiscard.LatePong;
            return LinkChange.None;
        }

        _sampleCount = Math.Min(_sampleCount + 1, _timers.PingPrecision);
        _averageTicks = ((_averageTicks * (_sampleCount - 1)) + sample.Ticks) / _sampleCount;
        if (IsUp || AverageLatency >= _adjustedTimeout)
            return LinkChange.None;
        return _pongCount++ >= _timers.PongCount ? GoUp() : LinkChange.None;
    }

    /// <summary>Data came over a link that is not up: if it has had a pong, both directions work (libknet
    /// 1.27).</summary>
    public LinkChange HandleEarlyData() => !IsUp && HasPong ? GoUp() : LinkChange.None;

    /// <summary>The system says that nobody listens there.</summary>
    public LinkChange HandleRefused() => IsUp || HasPong ? GoDown() : LinkChange.None;

    private LinkChange GoUp()
    {
        IsUp = true;
        return LinkChange.Up;
    }

    private LinkChange GoDown()
    {
        var wasUp = IsUp;
        IsUp = false;
        _pongCount = 0;
        _lastPong = null;
        _backoff = BackoffMax;
        return wasUp ? LinkChange.Down : LinkChange.None;
    }
}
