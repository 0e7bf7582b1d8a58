using Totem.Simulation.Groups;

namespace Totem.Tests.Groups;

/// <summary>
/// Groups on a model of the total order: every order in which the messages of a synchronisation may come, a death (or
/// none) at every step of it, what the survivors had received delivered in the transitional configuration or lost. When
/// a course breaks a promise the message has its choices; <see cref="GroupModel.Replay"/> runs it again.
/// </summary>
public sealed class GroupModelTests(Xunit.Abstractions.ITestOutputHelper output)
{
    [Theory]
    [InlineData(2, false, false, 2)]
    [InlineData(2, false, true, 2)]
    [InlineData(2, true, false, 2)]
    [InlineData(2, true, true, 2)]
    [InlineData(3, false, false, 1)]
    [InlineData(3, false, true, 1)]
    [InlineData(3, true, false, 1)]
    [InlineData(3, true, true, 1)]
    [InlineData(4, false, false, 1)]
    [InlineData(4, false, true, 1)]
    public void The_survivors_of_a_death_at_any_step_agree_and_nobody_is_a_ghost(
        int processors, bool isForeign, bool isMerge, int deaths)
    {
        var courses = GroupModel.Explore(processors, isForeign, isMerge, deaths);
        output.WriteLine($"{courses} courses");
        Assert.InRange(courses, 1_000, long.MaxValue);
    }
}
