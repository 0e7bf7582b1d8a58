using Totem.Core.Time;

namespace Totem.Tests.Core.Time;

public sealed class DeadlineTableTests
{
    private readonly DeadlineTable _table = new();

    [Fact]
    public void Without_a_deadline_there_is_nothing_to_wait_for()
    {
        Assert.Null(_table.Earliest);
        Assert.False(_table.TryTakeDue(new Instant(long.MaxValue), out _));
    }

    [Fact]
    public void Due_deadlines_are_taken_in_order_of_time_each_once()
    {
        _table.Set(Deadline.Join, new Instant(30));
        _table.Set(Deadline.MergeDetect, new Instant(10));
        _table.Set(Deadline.TokenLoss, new Instant(20));
        Assert.Equal(new Instant(10), _table.Earliest);
        Assert.False(_table.TryTakeDue(new Instant(9), out _));
        Assert.Equal([Deadline.MergeDetect, Deadline.TokenLoss], TakeAll(new Instant(20)));
        Assert.Equal(new Instant(30), _table.Earliest);
    }

    [Fact]
    public void Setting_moves_a_deadline_and_clearing_forgets_it()
    {
        _table.Set(Deadline.Join, new Instant(10));
        _table.Set(Deadline.Join, new Instant(50));
        Assert.Empty(TakeAll(new Instant(49)));
        _table.Clear(Deadline.Join);
        Assert.False(_table.IsSet(Deadline.Join));
        _table.Set(Deadline.Consensus, new Instant(1));
        _table.ClearAll();
        Assert.Null(_table.Earliest);
    }

    private List<Deadline> TakeAll(Instant now)
    {
        var taken = new List<Deadline>();
        while (_table.TryTakeDue(now, out var deadline))
            taken.Add(deadline);
        return taken;
    }
}
