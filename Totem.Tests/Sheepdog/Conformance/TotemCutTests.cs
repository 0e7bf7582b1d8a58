using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>The ring's driver when the network is cut in two: a process in a network namespace
/// each, with a <c>corosync.conf</c>.</summary>
public sealed class TotemCutTests : IDisposable
{
    private const int FirstPort = 17_000;
    private const int Count = 4;

    private readonly TemporaryDirectory _folder = new();
    private readonly NamespaceNetwork? _network = OperatingSystem.IsLinux()
        && Environment.IsPrivilegedProcess ? NamespaceNetwork.Create(Count) : null;
    private readonly List<TestSheep> _sheep = [];

    public void Dispose()
    {
        foreach (var sheep in _sheep)
            sheep.Dispose();
        _network?.Dispose();
        _folder.Dispose();
    }

    /// <summary>Of two halves the one with the lowest node goes on.</summary>
    [RootFact]
    [Check("A3", "F-2", "F-4")]
    public void Of_two_halves_one_goes_on_and_the_other_comes_back_by_a_fresh_join()
    {
        StartAll();
        _network!.Separate(3, 4);
        CheckCut(here: [0, 1], elsewhere: [2, 3]);
    }

    /// <summary>Also when the lowest node, which was the first, is the one outside.</summary>
    [RootFact]
    [Check("A3", "A9", "F-2", "F-18")]
    public void The_majority_goes_on_without_one_and_that_one_waits_and_comes_back()
    {
        StartAll();
        _network!.Separate(1);
        CheckCut(here: [1, 2, 3], elsewhere: [0]);
    }

    private void CheckCut(int[] here, int[] elsewhere)
    {
        foreach (var one in here)
            _sheep[one].WaitForMembers(here);
        // A turn of somebody outside ends with its place; one inside gets the next.
        _sheep[here[0]].Turn = () => _sheep[here[0]].Unblock("on");
        _sheep[here[0]].Block();
        foreach (var one in here)
            _sheep[one].WaitForLine(TestSheep.NotifyLine(here[0], "on"));

        // Outside nothing is delivered, neither deaths nor messages; and the event loop answers as ever.
        foreach (var one in elsewhere)
        {
            _sheep[one].Notify("outside");
            _sheep[one].Unblock("none");
            _sheep[one].WaitForLine("failed no turn to end");
            Assert.Equal(0, _sheep[one].CountOf("leave "));
            Assert.Equal(0, _sheep[one].CountOf("notify "));
        }

        _network!.Heal();
        foreach (var one in elsewhere)
            _sheep[one].WaitForLine("reconnect");
        foreach (var sheep in _sheep)
            sheep.WaitForMembers(0, 1, 2, 3);
        foreach (var sheep in _sheep)
            sheep.Notify("healed");
        foreach (var sheep in _sheep)
        {
            foreach (var other in _sheep)
                sheep.WaitForLine(TestSheep.NotifyLine(other.Identity, "healed"));
        }

        // Section 12: the epoch histories of all are the same, each from where it came in.
        var epochs = _sheep.Select(x => x.Lines.Where(y => y.StartsWith("epoch ", StringComparison.Ordinal)).ToArray())
            .ToArray();
        Assert.All(epochs, x => Assert.Equal(epochs[0][^1], x[^1]));
        ClusterConformance.AssertSameSequence([.. _sheep]);
        Assert.All(
            _sheep, x => Assert.Equal(0, x.CountOf("leave ") - elsewhere.Length * (here.Contains(x.Identity) ? 1 : 0)));
        Assert.All(_sheep, x => Assert.Equal(0, x.CountOf(TestSheep.NotifyLine(elsewhere[0], "outside"))));
    }

    /// <summary>The first takes the node's own port, the next the one above.</summary>
    [RootFact]
    public void Two_sheep_of_one_host_share_its_entry_in_the_configuration()
    {
        StartAll();
        var second = Start(4, node: 1);
        foreach (var sheep in _sheep)
            sheep.WaitForMembers(0, 1, 2, 3, 4);
        second.Kill();
        foreach (var sheep in _sheep.SkipLast(1))
            sheep.WaitForMembers(0, 1, 2, 3);
        _sheep[0].Stop();
        foreach (var sheep in _sheep[1..4])
            sheep.WaitForMembers(1, 2, 3);
    }

    private void StartAll()
    {
        File.WriteAllText(Configuration, ProcessCluster.Configuration(Count, "udpu", TimeSpan.FromSeconds(1)));
        for (var i = 0; i < Count; i++)
            Start(i, node: (uint)i + 1).WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        foreach (var sheep in _sheep)
            sheep.WaitForMembers(0, 1, 2, 3);
    }

    private string Configuration => Path.Combine(_folder.Path, "corosync.conf");

    private ProcessSheep Start(int identity, uint node)
    {
        var option = $"totem:config={Configuration},node={node},state={_folder.Path}/{node},settle=300";
        var command = (string[])
            [.. _network!.WrapperOf(node), "dotnet", typeof(Totem.Cli.Demos.Demo).Assembly.Location, "sheep",
                "-c", option];
        var sheep = new ProcessSheep(command, identity, FirstPort);
        _sheep.Add(sheep);
        return sheep;
    }
}
