using System.Globalization;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;
using Totem.Transport.Udp.Slots;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The lines in the log of a sheep with <c>sheep/totem.c</c>: where its ring lives, who is expected, what
/// looks wrong, and each change with its cause.</summary>
[Collection(RealProcesses.Name)]
[NeedsNativeTools]
public sealed class SheepLogTests : IDisposable
{
    private const string Information = "log information totem: ";
    private const string Warning = "log warning totem: ";
    private const int NamespacePort = 7000;

    private readonly TemporaryDirectory _folder = new();
    private readonly List<ProcessSheep> _sheep = [];
    private readonly int _ring = Ports.TakeBase();
    private readonly int _first = Ports.TakeBase();
    private NamespaceNetwork? _network;

    public void Dispose()
    {
        foreach (var sheep in _sheep)
            sheep.Dispose();
        _network?.Dispose();
        _folder.Dispose();
    }

    /// <summary>Somebody who gives it an address of the network means a cluster of hosts.</summary>
    [SheepdogNativeFact]
    public void A_sheep_with_an_address_that_is_alone_on_the_loopback_is_warned()
    {
        var sheep = Start(OnLoopback("10.1.2.3"), 0);
        sheep.WaitForMembers(0);
        Expect(sheep, Information, "the ring is on the loopback of this host, this is node 1 at "
            + $"{LoopbackSlots.AddressOf("sheepdog")}:{_ring}; expected on it: other processes of this host with "
            + $"port={_ring}, name=sheepdog");
        Expect(sheep, Warning, $"this sheep is 10.1.2.3:{_first} to the others, but its ring is on the loopback, where "
            + "no other host can come");
        Expect(
            sheep, Warning, $"this node is alone on the loopback, and this sheep is 10.1.2.3:{_first} to the others");
        Expect(sheep, Information, $"this sheep is in; the sheep are now 10.1.2.3:{_first}");
    }

    [SheepdogNativeFact]
    public void Each_change_is_told_with_its_cause()
    {
        var sheep = new ProcessSheep[3];
        for (var i = 0; i < sheep.Length; i++)
        {
            sheep[i] = Start(OnLoopback("127.0.0.1"), i);
            sheep[i].WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        Expect(sheep[0], Information, $"127.0.0.1:{_first + 2} joined; the sheep are now 127.0.0.1:{_first}, "
            + $"127.0.0.1:{_first + 1}, 127.0.0.1:{_first + 2}");
        Expect(sheep[2], Information, "2 other processes of this host are on the ring");
        sheep[2].Stop();
        sheep[0].WaitForMembers(0, 1);
        Expect(sheep[0], Information, $"127.0.0.1:{_first + 2} left; the sheep are now 127.0.0.1:{_first}, "
            + $"127.0.0.1:{_first + 1}");
        // The one that is left is the one that finds out.
        sheep[1].Kill();
        sheep[0].WaitForMembers(0);
        Expect(sheep[0], Information, $"127.0.0.1:{_first + 1} is gone, its process has ended; the sheep are now "
            + $"127.0.0.1:{_first}");
        // The ring's own changes have theirs.
        sheep[0].WaitForCount($"{Information}Node 1 installed regular ", 3);
    }

    /// <summary>The one that is cut off says so while it is, though it delivers nothing; and what followed.</summary>
    [RootFact]
    public void A_sheep_that_is_cut_off_tells_it()
    {
        _network = NamespaceNetwork.Create(3);
        File.WriteAllText(Configuration, ProcessCluster.Configuration(3, "udpu", TimeSpan.FromSeconds(1)));
        var sheep = new ProcessSheep[3];
        for (var i = 0; i < sheep.Length; i++)
        {
            sheep[i] = Start(InNetwork((uint)i + 1), i);
            sheep[i].WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        Expect(sheep[0], Information, $"the ring is that of {Configuration} (udpu), this is node 1 at 10.77.0.1:5405; "
            + "expected on it: node 2 at 10.77.0.2:5405, node 3 at 10.77.0.3:5405");
        Expect(sheep[0], Warning, "not on the ring yet: node 2 at 10.77.0.2:5405, node 3 at 10.77.0.3:5405");
        Expect(sheep[2], Information, "every node of the configuration is on the ring");

        _network.Separate(3);
        Expect(sheep[2], Warning, "cut off from 10.77.0.1:7000, 10.77.0.2:7001: 1 of 3 sheep are on this side, which "
            + "may not go on");
        Expect(sheep[2], Warning, "Node 3 lost the token of ring ");
        Expect(sheep[0], Warning, "cut off from 10.77.0.3:7002, which may be running: this side goes on with 2 of "
            + "3 sheep");
        Expect(sheep[0], Information, "10.77.0.3:7002 is gone, it is not heard any more; the sheep are now "
            + "10.77.0.1:7000, 10.77.0.2:7001");

        _network.Heal();
        Expect(sheep[2], Warning, "the session is lost: the cluster was cut in two, and the other side went on");
        Expect(sheep[2], Information, "the cluster can be reached: this sheep joins afresh");
        sheep[2].WaitForCount($"{Information}this sheep is in; ", 2);
    }

    /// <summary>The others could never reach it.</summary>
    [RootFact]
    public void A_sheep_that_gives_the_loopback_as_its_address_on_a_ring_of_hosts_is_warned()
    {
        _network = NamespaceNetwork.Create(1);
        File.WriteAllText(Configuration, ProcessCluster.Configuration(2, "udpu", TimeSpan.FromSeconds(1)));
        var sheep = Start([.. InNetwork(1)[..^1], "127.0.0.1"], 0);
        Expect(sheep, Warning, "this sheep is 127.0.0.1:7000 to the others, which those of other hosts cannot reach, "
            + "but its ring is at 10.77.0.1");
        Expect(sheep, Warning, "not on the ring yet: node 2 at 10.77.0.2:5405");
    }

    private static void Expect(ProcessSheep sheep, string level, string text) => sheep.WaitForCount(level + text, 1);

    private string Configuration => Path.Combine(_folder.Path, "corosync.conf");

    private string[] OnLoopback(string address) =>
        [SheepdogBuild.Minisheep, "-c", $"totem:port={_ring},state={_folder.Path}", "-y", address];

    private string[] InNetwork(uint node)
    {
        var option = string.Create(CultureInfo.InvariantCulture,
            $"totem:config={Configuration},node={node},state={_folder.Path}/{node},settle=300");
        return [.. _network!.WrapperOf(node), SheepdogBuild.Minisheep, "-c", option, "-y",
            NamespaceNetwork.AddressOf(node)];
    }

    private ProcessSheep Start(string[] command, int identity)
    {
        var sheep = new ProcessSheep(command, identity, _network is null ? _first : NamespacePort);
        _sheep.Add(sheep);
        return sheep;
    }
}
