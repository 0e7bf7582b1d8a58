using Totem.Core.Membership;

namespace Totem.Tests.Core.Membership;

public sealed class RingHistoryTests
{
    [Fact]
    public void The_last_32_rings_are_remembered_each_once()
    {
        var history = new RingHistory();
        for (var sequence = 1ul; sequence <= 40; sequence++)
        {
            history.Add(new RingId(new(1), sequence));
            history.Add(new RingId(new(1), sequence));
        }

        Assert.False(history.Contains(new RingId(new(1), 8)));
        Assert.True(history.Contains(new RingId(new(1), 9)));
        Assert.True(history.Contains(new RingId(new(1), 40)));
        Assert.False(history.Contains(new RingId(new(2), 40)));
    }
}
