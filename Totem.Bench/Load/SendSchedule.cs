namespace Totem.Bench.Load;

/// <summary>
/// The instants of an open load, fixed before it begins: a sender that is held up sends late, and the latency counts
/// from the instant that was meant, so that a pause is not omitted from the result (Tene, "coordinated omission").
/// </summary>
internal readonly struct SendSchedule
{
    private const double NanosecondsPerSecond = 1e9;

    private readonly long _begin;
    private readonly double _interval;

    /// <summary>Creates the schedule of one of several senders, which take turns evenly.</summary>
    /// <param name="begin">When the load begins.</param>
    /// <param name="perSecond">Messages a second of all senders together.</param>
    /// <param name="place">Which sender this is, from 0.</param>
    /// <param name="senders">How many there are.</param>
    public SendSchedule(long begin, double perSecond, int place, int senders)
    {
        _interval = NanosecondsPerSecond * senders / perSecond;
        _begin = begin + (long)(_interval * place / senders);
    }

    /// <summary>When message number <paramref name="index"/>, from 0, is to be sent.</summary>
    public long At(long index) => _begin + (long)(_interval * index);
}
