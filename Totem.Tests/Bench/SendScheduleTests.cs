using Totem.Bench.Load;

namespace Totem.Tests.Bench;

/// <summary>The instants of an open load.</summary>
public sealed class SendScheduleTests
{
    private const long Begin = 1_000_000_000_000;
    private const long Second = 1_000_000_000;

    [Fact]
    public void Senders_take_turns_evenly()
    {
        var senders = Enumerable.Range(0, 3)
            .Select(place => new SendSchedule(Begin, perSecond: 3000, place, senders: 3)).ToArray();

        var instants = Enumerable.Range(0, 4).SelectMany(index => senders.Select(x => x.At(index))).ToArray();

        // A message every third of a millisecond, whoever sends it.
        for (var i = 0; i < instants.Length; i++)
            Assert.InRange(instants[i] - Begin - i * Second / 3000, -1, 1);
    }

    [Fact]
    public void A_rate_does_not_drift()
    {
        // 7 is in no power of ten: the interval is no whole number of nanoseconds.
        var schedule = new SendSchedule(Begin, perSecond: 7, place: 0, senders: 1);

        Assert.InRange(schedule.At(7 * 3600) - Begin - 3600 * Second, -1, 1);
    }
}
