using Totem.Tests.Processes;
using Totem.Tests.Requirements;

namespace Totem.Tests.Samples;

/// <summary>The programs of the folder samples do what docs/start/tutorial.md says of them.</summary>
[Collection(RealProcesses.Name)]
public sealed class SampleTests
{
    [LinuxFact]
    public void Hello_prints_both_greetings_in_one_order()
    {
        using var first = new SampleProcess("Hello");
        using var second = new SampleProcess("Hello");
        Assert.Equal(0, first.WaitForEnd());
        Assert.Equal(0, second.WaitForEnd());

        var greetings = first.Lines.Where(x => x.Contains(": hello from ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, greetings.Length);
        Assert.Equal(greetings, second.Lines.Where(x => x.Contains(": hello from ", StringComparison.Ordinal)));
    }

    [LinuxFact]
    public void Inventory_is_the_same_at_a_member_that_comes_later()
    {
        using var first = new SampleProcess("Inventory", "apples", "3", "2");
        first.WaitFor(x => x == "apples=3");
        using var second = new SampleProcess("Inventory", "pears", "5", "2");
        Assert.Equal(0, first.WaitForEnd());
        Assert.Equal(0, second.WaitForEnd());
        Assert.Equal("apples=3, pears=5", first.Lines[^1]);
        Assert.Equal("apples=3, pears=5", second.Lines[^1]);
    }

    [LinuxFact]
    public void Primary_is_the_next_one_when_the_first_is_killed()
    {
        using var first = new SampleProcess("Primary");
        first.WaitFor(x => x.EndsWith("it is this process", StringComparison.Ordinal));
        using var second = new SampleProcess("Primary");
        second.WaitFor(x => x.EndsWith(" works", StringComparison.Ordinal));
        first.Kill();
        second.WaitFor(x => x.EndsWith("it is this process", StringComparison.Ordinal));
    }
}
