using System.Globalization;
using Totem.Tests.Cpg;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>A cluster that is shut down ends, all of it, although sheep's event loop can go back to wait past its own
/// end. The loop is sheep's as <c>Totem.Tests/Native/shutdown_loop.c</c> has it, around <c>sheep/totem.c</c> as it
/// is.</summary>
[Collection(RealProcesses.Name)]
[NeedsNativeTools]
public sealed class ShutdownLoopTests
{
    private const int Rounds = 200;
    private const int AtOnce = 10;
    private const int Nodes = 3;

    /// <summary>The rounds wait more than they work, so several clusters go through theirs at once.</summary>
    [SheepdogNativeFact]
    public void Two_hundred_clusters_that_are_shut_down_end()
    {
        var program = SheepdogBuild.ShutdownLoop;
        var ended = new string[AtOnce];
        Parallel.For(0, AtOnce, new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            x => ended[x] = Run(program, Nodes, Rounds / AtOnce, "any"));
        Assert.All(ended, x =>
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{Rounds / AtOnce} rounds, 0 hang"), x));
    }

    /// <summary>One event a turn: the leaves that came with the shutdown are turns of their own,
    /// and the loop sees its end in one.</summary>
    [SheepdogNativeFact]
    public void A_sheep_that_looks_late_ends_by_the_leaves_that_wait_behind_the_shutdown()
        => Assert.Equal("3 rounds, 0 hang", Run(SheepdogBuild.ShutdownLoop, 2, 3, "late", "untimed"));

    /// <summary>The purpose of the timer, and that this loop would hang.</summary>
    [SheepdogNativeFact]
    public void Without_the_timer_the_sheep_that_was_asked_hangs()
        => Assert.Equal("1 rounds, 1 hang", Run(SheepdogBuild.ShutdownLoop, 1, 1, "asked", "untimed"));

    private static string Run(string program, int nodes, int rounds, params string[] more)
    {
        using var state = new TemporaryDirectory();
        var option = string.Create(CultureInfo.InvariantCulture, $"port={Ports.TakeBase()},state={state.Path}");
        var said = NativeBuild.Run(
            [program, option, nodes.ToString(CultureInfo.InvariantCulture),
                rounds.ToString(CultureInfo.InvariantCulture), .. more]);
        return said.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
    }
}
