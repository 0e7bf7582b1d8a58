using System.Globalization;
using System.Security.Cryptography;
using Totem.Tests.Corosync;
using Totem.Tests.Cpg;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Sheepdog.Native;
using Totem.Tests.Transport;
using Xunit;

namespace Totem.Tests.Knet;

/// <summary>Programs that know nothing of kronosnet on an encrypted ring: one <c>corosync.conf</c> and one key, each
/// program at a node of its own.</summary>
[Collection(RealProcesses.Name)]
[NeedsNativeTools]
public sealed class KnetProgramsTests : IDisposable
{
    private const int Count = 3;
    private const int FirstPort = 7000;

    private readonly TemporaryDirectory _folder = new();
    private readonly List<IDisposable> _programs = [];
    private NamespaceNetwork? _network;

    public void Dispose()
    {
        foreach (var program in _programs)
            program.Dispose();
        _network?.Dispose();
        _folder.Dispose();
    }

    /// <summary>The drop-in libcpg: programs in C that were built against corosync's.</summary>
    [NativeNetworkFact]
    public async Task Programs_on_our_libcpg_see_one_order_and_the_end_of_one()
    {
        Prepare();
        var members = new List<NativeMember>();
        for (var node = 1u; node <= Count; node++)
        {
            var member = NativeMember.Start(_network!.WrapperOf(node), "group", new Dictionary<string, string>(
                StringComparer.Ordinal)
            {
                ["LD_LIBRARY_PATH"] = NativeBuild.Libraries,
                ["TOTEM_CONFIG"] = Configuration,
                ["TOTEM_NODE"] = node.ToString(CultureInfo.InvariantCulture),
                ["TOTEM_STATE"] = StateOf(node),
                ["TOTEM_LOG"] = "stderr",
            });
            members.Add(member);
            _programs.Add(member);
            await member.HearsAsync(" started 1 ");
        }

        foreach (var member in members)
            await member.HearsAsync($"change {Count} ");
        foreach (var member in members)
            member.Tell("count 1000 1500");
        foreach (var member in members)
            await member.HearsAsync(" counted");
        members[0].Tell("send end");
        var hashes = new List<string>();
        foreach (var member in members)
            hashes.Add((await member.HearsAsync(" hash ")).Line.Split(' ', 2)[1]);
        Assert.Single(hashes.Distinct(StringComparer.Ordinal));

        members[2].Kill();
        foreach (var member in members[..2])
            await member.HearsAsync($"change {Count - 1} ");
    }

    /// <summary>The driver for C, in a stand-in for sheep's daemon.</summary>
    [SheepdogNativeFact]
    public void Sheep_with_the_driver_in_c_form_a_cluster() =>
        AssertCluster(node => [SheepdogBuild.Minisheep, "-y", NamespaceNetwork.AddressOf(node)]);

    /// <summary>The driver in .NET.</summary>
    [RootFact]
    public void Sheep_of_the_command_form_a_cluster() =>
        AssertCluster(_ => ["dotnet", typeof(Totem.Cli.Demos.Demo).Assembly.Location, "sheep"]);

    private void AssertCluster(Func<uint, string[]> program)
    {
        Prepare();
        var sheep = new List<ProcessSheep>();
        for (var i = 0; i < Count; i++)
        {
            var node = (uint)i + 1;
            var option = string.Create(
                CultureInfo.InvariantCulture, $"totem:config={Configuration},node={node},state={StateOf(node)}");
            sheep.Add(new ProcessSheep(
                [.. _network!.WrapperOf(node), .. program(node), "-c", option], i, FirstPort));
            _programs.Add(sheep[^1]);
            sheep[^1].WaitForMembers([.. Enumerable.Range(0, i + 1)]);
        }

        foreach (var each in sheep)
        {
            each.WaitForMembers(0, 1, 2);
            each.Notify($"n{each.Identity}");
        }

        foreach (var each in sheep)
        {
            for (var sender = 0; sender < Count; sender++)
                each.WaitForLine(TestSheep.NotifyLine(sender, $"n{sender}"));
        }

        sheep[2].Kill();
        sheep[0].WaitForMembers(0, 1);
        sheep[1].WaitForMembers(0, 1);
        ClusterConformance.AssertSameSequence([sheep[0], sheep[1]]);
    }

    private string Configuration => Path.Combine(_folder.Path, "corosync.conf");

    private string StateOf(uint node) =>
        Directory.CreateDirectory(Path.Combine(_folder.Path, $"state-{node}")).FullName;

    private void Prepare()
    {
        _network = NamespaceNetwork.Create(Count);
        var key = Path.Combine(_folder.Path, "authkey");
        PrivateFile.Write(key, RandomNumberGenerator.GetBytes(256));
        File.WriteAllText(Configuration, new CorosyncConfFile
        {
            Nodes = Count, Transport = "knet", Cipher = "aes256", Hash = "sha256", KeyFile = key, HasQuorum = false,
        }.ToString());
    }
}
