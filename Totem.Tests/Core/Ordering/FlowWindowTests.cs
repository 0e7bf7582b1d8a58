using Totem.Core.Ordering;

namespace Totem.Tests.Core.Ordering;

/// <summary>docs/design/protocol.md, "The window": it grows while nothing is lost, and a loss costs
/// half of it, once.</summary>
public sealed class FlowWindowTests
{
    [Fact]
    public void With_real_daemons_it_stays_what_is_configured()
    {
        var window = new FlowWindow(50, 17);
        for (var visit = 0; visit < 100; visit++)
            window.NoteVisit(isLossy: visit % 10 == 0, isFull: true);
        Assert.Equal((50, 17), (window.Size, window.PerVisitMax));
    }

    [Fact]
    public void It_doubles_to_its_limit_while_it_is_full()
    {
        var window = Growing(512);
        int[] expected = [100, 200, 400, 512, 512];
        foreach (var size in expected)
        {
            window.NoteVisit(isLossy: false, isFull: true);
            Assert.Equal((size, size / 2), (window.Size, window.PerVisitMax));
        }
    }

    [Fact]
    public void It_does_not_grow_while_it_is_not_full()
    {
        var window = Growing(512);
        window.NoteVisit(isLossy: false, isFull: false);
        Assert.Equal(50, window.Size);
    }

    [Fact]
    public void A_loss_costs_half_of_it_once_however_long_it_is_asked_for()
    {
        var window = Grown();
        for (var visit = 0; visit < 3; visit++)
            window.NoteVisit(isLossy: true, isFull: true);
        Assert.Equal(256, window.Size);
        window.NoteVisit(isLossy: true, isFull: true);
        Assert.Equal(128, window.Size);
    }

    [Fact]
    public void Behind_a_loss_it_grows_by_steps()
    {
        var window = Grown();
        window.NoteVisit(isLossy: true, isFull: true);
        window.NoteVisit(isLossy: false, isFull: true);
        Assert.Equal(256 + 1 + 4, window.Size);
        for (var visit = 0; visit < 200; visit++)
            window.NoteVisit(isLossy: false, isFull: true);
        Assert.Equal(512, window.Size);
    }

    [Fact]
    public void It_never_falls_below_what_is_configured()
    {
        var window = Grown();
        for (var visit = 0; visit < 100; visit++)
            window.NoteVisit(isLossy: true, isFull: true);
        Assert.Equal((50, 17), (window.Size, window.PerVisitMax));
    }

    private static FlowWindow Growing(int max)
    {
        var window = new FlowWindow(50, 17);
        window.LetGrow(max);
        return window;
    }

    private static FlowWindow Grown()
    {
        var window = Growing(512);
        for (var visit = 0; visit < 10; visit++)
            window.NoteVisit(isLossy: false, isFull: true);
        return window;
    }
}
