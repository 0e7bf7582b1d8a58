using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.Sessions;

/// <summary>A log for a group: who watches whom, and what is written when somebody ends.</summary>
public sealed class LogGroupTests
{
    private readonly ModelCluster _cluster = new(isLog: true);

    [Fact]
    public void Each_watches_the_one_that_arrived_before_it_and_the_first_the_last()
    {
        var sheep = Joined(4);
        Assert.Equal(
            [(PeerId?)sheep[3].Peer, sheep[0].Peer, sheep[1].Peer, sheep[2].Peer], sheep.Select(x => x.Group!.Watched));
    }

    /// <summary>A7, F-16.</summary>
    [Fact]
    public void One_death_is_written_once_and_a_run_of_deaths_once_each()
    {
        var sheep = Joined(6);
        _cluster.Kill(sheep[1]);
        _cluster.Kill(sheep[2]);
        _cluster.Kill(sheep[3]);
        _cluster.Kill(sheep[5]);
        _cluster.RunUntilQuiet();
        Assert.Equal([sheep[3].Peer, sheep[2].Peer, sheep[1].Peer], sheep[4].Reported);
        Assert.Equal([sheep[5].Peer], sheep[0].Reported);
    }

    /// <summary>All who knew anything died while one was joining.</summary>
    [Fact]
    public void A_joiner_whose_answerers_all_die_begins_a_cluster()
    {
        var sheep = Joined(3);
        var joiner = _cluster.Start(7).Join();
        _cluster.Order(joiner);
        foreach (var one in sheep)
            _cluster.Kill(one);
        _cluster.RunUntilQuiet();
        Assert.Equal(["accept 7 [7] 7 107"], joiner.Log);
        Assert.Null(joiner.Group!.Watched);
    }

    /// <summary>It is taken for dead, and is not.</summary>
    [Fact]
    public void A_session_that_reads_that_it_is_gone_is_lost()
    {
        var sheep = Joined(2)[1];
        sheep.Group!.HandleGone(sheep.Peer);
        Assert.Equal(SessionPhase.Lost, sheep.Session.Phase);
        sheep.Dispatch();
        Assert.Contains("Reconnect", sheep.Own);
    }

    private ModelSheep[] Joined(int count)
    {
        var sheep = Enumerable.Range(0, count).Select(x => _cluster.Start(x).Join()).ToArray();
        _cluster.RunUntilQuiet();
        Assert.All(sheep, x => Assert.Equal(count, x.Session.Members.Count));
        return sheep;
    }
}
