using System.Diagnostics;
using Totem.Tests.Processes;
using Totem.Tests.Transport;
using Xunit.Abstractions;

namespace Totem.Tests.Cpg;

/// <summary>Several processes with our libraries: one ring, by zero configuration and by slots of
/// one configuration file.</summary>
[Collection(RealProcesses.Name)]
public sealed class NativeProcessesTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly List<NativeMember> _members = [];

    public void Dispose()
    {
        _members.ForEach(member => member.Dispose());
        _folder.Dispose();
    }

    [NativeFact]
    public async Task Three_processes_on_the_loopback_see_one_order()
    {
        var environment = NativeBuild.OursAlone(_folder.Path);
        await StartAsync(3, [], environment);
        await SameOrderAsync(messages: 3000, sizeBytes: 200);
    }

    [NativeFact]
    public async Task A_killed_process_is_gone_for_the_others()
    {
        await StartAsync(4, [], NativeBuild.OursAlone(_folder.Path));
        var milliseconds = new List<double>();
        while (_members.Count > 2)
        {
            var victim = _members[0];
            _members.RemoveAt(0);
            var killed = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);
            victim.Kill();
            foreach (var member in _members)
            {
                // The process was its own node: reason 3, NODEDOWN.
                var (time, line) = await member.HearsAsync($"change {_members.Count} ");
                Assert.Contains($"/{victim.Id}/3 joined=", line, StringComparison.Ordinal);
                milliseconds.Add((time - killed) / 1000.0);
            }
        }

        // On a busy machine time is only told.
        output.WriteLine($"killed processes were gone after {string.Join(", ", milliseconds)} ms");
        if (Environment.GetEnvironmentVariable("TOTEM_ASSERT_TIMES") == "1")
            Assert.All(milliseconds, x => Assert.InRange(x, 0, 100));
    }

    [NativeNetworkFact]
    public async Task Fourteen_processes_of_one_host_share_one_configuration()
    {
        var configuration = Path.Combine(_folder.Path, "corosync.conf");
        await File.WriteAllTextAsync(configuration, Configuration);
        // A namespace that lives as long as its first process, which waits for the end of its input.
        var keeper = NativeBuild.StartInfo(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && cat"], null);
        keeper.RedirectStandardInput = true;
        using var network = Process.Start(keeper)!;
        try
        {
            Assert.Equal("ready", await network.StandardOutput.ReadLineAsync());
            var environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["LD_LIBRARY_PATH"] = NativeBuild.Libraries,
                ["TOTEM_CONFIG"] = configuration,
                ["TOTEM_NODE"] = "2",
                ["TOTEM_STATE"] = _folder.Path,
                ["TOTEM_LOG"] = "stderr",
            };
            string[] inside = ["nsenter", $"--net=/proc/{network.Id}/ns/net"];
            var nodes = await StartAsync(14, inside, environment);
            Assert.Equal(Enumerable.Range(0, 14).Select(slot => 2u + ((uint)slot * 4000)), nodes.Order());
            await SameOrderAsync(messages: 200, sizeBytes: 1000);

            // Its place is free as soon as it is dead, and taken again with the same id.
            var dead = nodes[0];
            _members[0].Kill();
            _members.RemoveAt(0);
            foreach (var member in _members)
                await member.HearsAsync("change 13 ");
            var successor = NativeMember.Start(inside, "group", environment);
            _members.Add(successor);
            Assert.Contains($" node {dead} ", (await successor.HearsAsync(" started 1 ")).Line,
                StringComparison.Ordinal);
        }
        finally
        {
            network.StandardInput.Close();
            await network.WaitForExitAsync();
        }
    }

    private const string Configuration =
        """
        totem {
          version: 2
          cluster_name: slots
          transport: udpu
        }
        nodelist {
          node {
            ring0_addr: 127.0.0.1
            nodeid: 2
            name: here
          }
          node {
            ring0_addr: 127.0.0.2
            nodeid: 3
            name: there
          }
        }
        """;

    private async Task<uint[]> StartAsync(int count, string[] wrapper, Dictionary<string, string> environment)
    {
        for (var i = 0; i < count; i++)
            _members.Add(NativeMember.Start(wrapper, "group", environment));
        var nodes = new List<uint>();
        foreach (var member in _members)
        {
            var (_, line) = await member.HearsAsync(" started 1 ");
            nodes.Add(uint.Parse(line.Split(' ')[4], System.Globalization.CultureInfo.InvariantCulture));
        }

        foreach (var member in _members)
            await member.HearsAsync($"change {count} ");
        return [.. nodes];
    }

    /// <summary>Everybody sends at once; at the end everybody has the same hash over senders, bytes
    /// and order.</summary>
    private async Task SameOrderAsync(int messages, int sizeBytes)
    {
        foreach (var member in _members)
            member.Tell($"count {messages} {sizeBytes}");
        foreach (var member in _members)
            await member.HearsAsync(" counted");
        _members[0].Tell("send end");
        var hashes = new List<string>();
        foreach (var member in _members)
            hashes.Add((await member.HearsAsync(" hash ")).Line.Split(' ', 2)[1]);
        Assert.Single(hashes.Distinct(StringComparer.Ordinal));
    }
}
