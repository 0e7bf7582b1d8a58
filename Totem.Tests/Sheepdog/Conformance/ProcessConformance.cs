using Totem.Tests.Requirements;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>The conformance of sheep that are processes: what a process can do besides.</summary>
public abstract class ProcessConformance : ClusterConformance
{
    private readonly int _firstPort = Ports.TakeBase();

    protected override int Many => 6;

    /// <summary>O6, O8: it neither dies nor answers.</summary>
    [NeedyFact]
    [Check("A5")]
    public void A_join_is_answered_though_the_oldest_is_stopped()
    {
        var sheep = Joined(4);
        ((ProcessSheep)sheep[0]).Pause();
        var joiner = Start(4).Join();
        joiner.WaitForCount("accept 4 ", 1);
        ((ProcessSheep)sheep[0]).Resume();
        foreach (var one in (TestSheep[])[.. sheep, joiner])
            one.WaitForMembers(0, 1, 2, 3, 4);
        sheep[0].Notify("back");
        foreach (var one in (TestSheep[])[.. sheep, joiner])
            one.WaitForLine(TestSheep.NotifyLine(0, "back"));
        AssertSameSequence([.. sheep.Skip(1), joiner]);
    }

    [NeedyFact]
    [Check("A4", "F-5", "F-20", "F-30")]
    public void A_joiner_that_is_stopped_holds_up_nobody_and_comes_in_when_it_goes_on()
    {
        var sheep = Joined(3);
        var joiner = (ProcessSheep)Start(3);
        joiner.WaitForCount("{", 1);
        joiner.Pause();
        var next = Start(4).Join();
        next.WaitForCount("accept 4 ", 1);
        // It did not begin a cluster of its own because it could not reach the others at once (O7).
        Assert.NotEqual("accept 4 [4]", next.Log[0]);
        sheep[1].Notify("on");
        next.WaitForLine(TestSheep.NotifyLine(1, "on"));
        joiner.Resume();
        foreach (var one in (TestSheep[])[.. sheep, joiner, next])
            one.WaitForMembers(0, 1, 2, 3, 4);
    }

    /// <summary>The program and its arguments, but for the port.</summary>
    protected abstract IReadOnlyList<string> Command { get; }

    protected override TestSheep Make(int identity) => new ProcessSheep(Command, identity, _firstPort);
}
