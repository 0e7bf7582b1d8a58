using System.Diagnostics;
using System.Net.Sockets;
using Totem.Tests.Cpg;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;
using Xunit.Abstractions;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The driver <c>totem</c> through <c>sheep/totem.c</c>, and what only a stand-in for
/// sheep can show.</summary>
[Collection(RealProcesses.Name)]
[NeedsNativeTools]
public sealed class MinisheepTests(ITestOutputHelper output) : MinisheepConformance
{
    private const int Fourteen = 14;

    private readonly int _port = Ports.TakeBase();
    private readonly int _firstPort = Ports.TakeBase();

    protected override string Driver => $"totem:port={_port},state={State.Path}";

    [SheepdogNativeFact]
    public void Fourteen_that_start_within_a_second_list_the_same_fourteen_and_go_on_to_the_last_one()
    {
        var all = Enumerable.Range(0, Fourteen).ToArray();
        _ = Command;
        var watch = Stopwatch.StartNew();
        var sheep = all.Select(Started).ToArray();
        try
        {
            var started = watch.ElapsedMilliseconds;
            foreach (var one in sheep)
                one.WaitForMembers(all);
            output.WriteLine($"14 started in {started} ms, all list 14 after {watch.ElapsedMilliseconds} ms; load "
                + $"{Load()}");
            AssertSameSequence(sheep);
            var status = Status(0);
            Assert.Equal($"epoch {Fourteen}", status[0]);
            Assert.Equal(Fourteen + 1, status.Distinct(StringComparer.Ordinal).Count());
            Assert.All(all, x => Assert.Equal(status, Status(x)));

            foreach (var x in all[..^1])
            {
                watch.Restart();
                sheep[x].Stop();
                foreach (var one in sheep[(x + 1)..])
                    one.WaitForMembers(all[(x + 1)..]);
                output.WriteLine($"one stopped, {all.Length - 1 - x} others know it, after "
                    + $"{watch.ElapsedMilliseconds} ms");
                Assert.All(all[(x + 1)..], y => Assert.Equal(Status(y).Length, Fourteen - x));
                sheep[^1].Notify($"after {x}");
                sheep[^1].WaitForLine(TestSheep.NotifyLine(all[^1], $"after {x}"));
            }

            Assert.Equal([$"epoch {(2 * Fourteen) - 1}", $"127.0.0.1:{_firstPort + all[^1]}:128"], Status(all[^1]));
            sheep[^1].Stop();
        }
        finally
        {
            foreach (var one in sheep)
                one.Dispose();
        }
    }

    /// <summary>A sheep of another cluster that wants to come in exits, and the others hear that it is gone.</summary>
    [SheepdogNativeFact]
    public void A_sheep_of_another_cluster_ends_itself_and_the_others_go_on()
    {
        var sheep = Joined(2);
        using var foreign = new ProcessSheep([.. Command, "--ctime", "4711"], identity: 5, _firstPort);
        Assert.Equal(1, foreign.ExitCode);
        Assert.Contains(foreign.Lines, x => x.StartsWith("failed failed to join", StringComparison.Ordinal));
        foreach (var one in sheep)
            one.WaitForMembers(0, 1);
        sheep[0].WaitForCount("leave ", 1);
        sheep[1].Notify("on");
        sheep[0].WaitForLine(TestSheep.NotifyLine(1, "on"));
    }

    /// <summary>The ring goes on without a process that is stopped; when it runs again, sheep's
    /// reconnect handler starts it over.</summary>
    [SheepdogNativeFact]
    [Check("A12", "F-2", "F-12", "F-23")]
    public void A_sheep_whose_session_is_lost_joins_afresh_and_its_threads_get_their_locks()
    {
        var sheep = Joined(3);
        sheep[0].Lock(8);
        sheep[2].Lock(7);
        var waiting = new Thread(() => sheep[2].Lock(8));
        waiting.Start();
        ((ProcessSheep)sheep[2]).Pause();
        sheep[0].WaitForCount("leave 2 ", 1);
        sheep[1].Lock(7);
        ((ProcessSheep)sheep[2]).Resume();
        foreach (var one in sheep)
            one.WaitForMembers(0, 1, 2);
        Assert.Equal(1, sheep[2].CountOf("failed the session was lost"));
        Assert.False(sheep[2].Unlock(7));
        Assert.True(sheep[0].Unlock(8));
        waiting.Join();
        Assert.True(sheep[2].Unlock(8));
        sheep[2].Notify("back");
        foreach (var one in sheep)
            one.WaitForLine(TestSheep.NotifyLine(2, "back"));
    }

    /// <summary>The option reaches the driver, and what is wrong with it reaches the operator.</summary>
    [SheepdogNativeTheory]
    [InlineData("totem:speed=9", "expected KEY=VALUE")]
    [InlineData("totem:port=5405,config=x", "port beside config")]
    [InlineData("totem:shepherd", "expected one of totem")]
    [InlineData("totem:shepherd:host:2501", "cluster driver 'shepherd', expected one of totem")]
    [InlineData("totem:totem:speed=9", "there is no 'speed'")]
    [InlineData("totems:port=5405", "Invalid cluster driver 'totems")]
    public void A_wrong_option_ends_it_with_what_was_expected(string driver, string expected)
    {
        var failure = Assert.Throws<InvalidOperationException>(
            () => NativeBuild.Run([SheepdogBuild.Minisheep, "-c", driver]));
        Assert.Contains("returned 1:", failure.Message, StringComparison.Ordinal);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    /// <summary>A line for each problem: where, which key, and what was expected. Nothing of the runtime.</summary>
    [SheepdogNativeTheory]
    [InlineData("token: abc", "totem.token is 'abc', expected a number from 0 to 4294967295")]
    [InlineData("token: 1000\n    join: 2000", "totem.join is 2000 ms, expected at most totem.consensus, which is "
        + "1200 ms", 5)]
    [InlineData("transport: tcp", "totem.transport is 'tcp', expected knet, udpu or udp")]
    [InlineData("crypto_cipher: aes256", "totem.crypto_cipher is 'aes256', expected none")]
    [InlineData("netmtu: 1", "totem.netmtu is '1', expected a number from 576 to 65000")]
    [InlineData("nonsense", "'nonsense' is neither 'key: value' nor 'section {' nor '}'")]
    [InlineData("a {", "section 'totem' is not closed", 1)]
    public void A_wrong_configuration_is_told_with_file_and_line(string text, string expected, int line = 4)
    {
        var file = Path.Combine(State.Path, "corosync.conf");
        File.WriteAllText(
            file, $"totem {{\n    version: 2\n    transport: udpu\n    {text}\n}}\nnodelist {{\n    node {{\n "
                + "       nodeid: 1\n        ring0_addr: 127.0.0.1\n    }\n}\n");
        foreach (var command in (string[][])[[SheepdogBuild.Minisheep],
            ["dotnet", typeof(Totem.Cli.Demos.Demo).Assembly.Location, "sheep"]])
        {
            var failure = Assert.Throws<InvalidOperationException>(
                () => NativeBuild.Run([.. command, "-c", $"totem:config={file}"]));
            var said = failure.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(x => x.Contains(file, StringComparison.Ordinal)).ToArray();
            Assert.Contains(said, x => x.Contains($"{file}:{line}: {expected}", StringComparison.Ordinal));
            Assert.DoesNotContain("Exception", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", failure.Message, StringComparison.Ordinal);
        }
    }

    private ProcessSheep Started(int identity) => new(Command, identity, _firstPort);

    /// <summary>The lines of the status port: the epoch, and a line a node.</summary>
    private string[] Status(int identity)
    {
        using var client = new TcpClient("127.0.0.1", _firstPort + identity);
        using var reader = new StreamReader(client.GetStream());
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Load() =>
        $"{File.ReadAllText("/proc/loadavg").Split(' ')[0]} on {Environment.ProcessorCount} cores";
}
