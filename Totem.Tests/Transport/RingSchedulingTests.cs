using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Totem.Tests.Requirements;

namespace Totem.Tests.Transport;

/// <summary>docs/reference/transport.md, "Real time": what the kernel says of the ring's thread, and of what starts from it.</summary>
public sealed class RingSchedulingTests : IDisposable
{
    private const int RoundRobin = 2;

    private readonly TemporaryDirectory _state = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);

    public void Dispose()
    {
        _limit.Dispose();
        _state.Dispose();
    }

    [RootFact]
    public async Task The_rings_thread_is_a_real_time_one_and_what_starts_from_it_is_not()
    {
        var (own, thread, child) = await AskAsync(RingScheduling.RealTime);
        Assert.Equal(new Scheduled(RoundRobin, 49, 0), own);
        Assert.Equal(new Scheduled(0, 0, 0), thread);
        Assert.Equal(new Scheduled(0, 0, 0), child);
    }

    [RootFact]
    public async Task The_rings_thread_is_an_ordinary_one_while_a_reader_is_behind()
    {
        var options = TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path) with
        {
            Scheduling = RingScheduling.RealTime,
        };
        await using var node = await TotemNode.StartAsync(options, _limit.Token);
        var reader = new BehindSink();
        await using var group = await node.JoinAsync("readers", new GroupJoinOptions { Sink = reader }, _limit.Token);
        var policies = new List<int>();
        foreach (var isBehind in new[] { false, true, true, false, false })
        {
            reader.WillBeBehind = isBehind;
            await group.MulticastAsync(new byte[1], cancellationToken: _limit.Token);
            policies.Add((await reader.Next.Reader.ReadAsync(_limit.Token)).Policy);
        }

        // A delivery says how it goes on from there.
        Assert.Equal([RoundRobin, RoundRobin, 0, 0, RoundRobin], policies);
    }

    [RootFact]
    public async Task A_niceness_is_the_rings_threads_alone_too()
    {
        var (own, thread, child) = await AskAsync(RingScheduling.Nice(-7));
        Assert.Equal(new Scheduled(0, 0, -7), own);
        Assert.Equal(new Scheduled(0, 0, 0), thread);
        Assert.Equal(new Scheduled(0, 0, 0), child);
    }

    [RootFact]
    public async Task Nothing_changes_where_nothing_is_asked_for()
    {
        var (own, _, _) = await AskAsync(RingScheduling.Unchanged);
        Assert.Equal(new Scheduled(0, 0, 0), own);
    }

    [RootFact]
    public async Task A_process_without_the_right_is_told_what_to_grant_and_runs()
    {
        var lines = await RunNodeAsync("setpriv --bounding-set=-sys_nice", "Node 1 installed");
        Assert.Contains(lines, x => x.Contains("Node 1 runs without real-time scheduling (Operation not permitted)", StringComparison.Ordinal)
            && x.Contains("CAP_SYS_NICE or a real-time priority of 49 (LimitRTPRIO=, ulimit -r)", StringComparison.Ordinal));
    }

    /// <summary>Asks on the ring's thread.</summary>
    private async Task<(Scheduled Own, Scheduled Thread, Scheduled Child)> AskAsync(RingScheduling scheduling)
    {
        var answer = new TaskCompletionSource<(Scheduled, Scheduled, Scheduled)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = TotemNodeOptions.Loopback(Ports.TakeBase(), stateDirectory: _state.Path) with
        {
            Scheduling = scheduling,
            OnDelivery = (in Delivery _) =>
            {
                if (answer.Task.IsCompleted)
                    return;
                Scheduled thread = default;
                var started = new Thread(() => thread = Scheduled.OfThread());
                started.Start();
                started.Join();
                using var child = Process.Start(new ProcessStartInfo("cat", "/proc/self/stat") { RedirectStandardOutput = true, UseShellExecute = false })!;
                answer.TrySetResult((Scheduled.OfThread(), thread, Scheduled.Parse(child.StandardOutput.ReadToEnd())));
                child.WaitForExit();
            },
        };
        await using var node = await TotemNode.StartAsync(options, _limit.Token);
        return await answer.Task.WaitAsync(_limit.Token);
    }

    /// <summary>Runs <c>totem node</c> behind a command until its log has a line.</summary>
    private async Task<List<string>> RunNodeAsync(string wrapper, string last)
    {
        var info = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add($"exec {wrapper} dotnet {Path.Combine(AppContext.BaseDirectory, "totem.dll")} node --verbose "
            + $"--port {Ports.TakeBase()} --state {_state.Path} 2>&1");
        using var process = Process.Start(info)!;
        try
        {
            var lines = new List<string>();
            while (await process.StandardOutput.ReadLineAsync(_limit.Token) is { } line)
            {
                lines.Add(line);
                if (line.Contains(last, StringComparison.Ordinal))
                    return lines;
            }

            Assert.Fail($"no line has '{last}':\n{string.Join('\n', lines)}");
            return lines;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>Says how its thread is scheduled at each message, and is behind from there on or not.</summary>
    private sealed class BehindSink : IGroupSink
    {
        public Channel<Scheduled> Next { get; } = Channel.CreateUnbounded<Scheduled>();

        public volatile bool WillBeBehind;

        public bool HasRoom => true;

        public bool IsBehind { get; private set; }

        public void OnDelivery(in GroupDelivery delivery)
        {
            if (delivery.Kind != GroupDeliveryKind.Message)
                return;
            IsBehind = WillBeBehind;
            Next.Writer.TryWrite(Scheduled.OfThread());
        }
    }

    /// <summary>Fields of <c>stat</c>, proc_pid_stat(5).</summary>
    private readonly record struct Scheduled(int Policy, int Priority, int Niceness)
    {
        public static Scheduled OfThread() => Parse(File.ReadAllText("/proc/thread-self/stat"));

        public static Scheduled Parse(string stat)
        {
            // Behind the command's name, which can hold anything: the state is field 3.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new Scheduled(Field(41), Field(40), Field(19));

            int Field(int number) => int.Parse(fields[number - 3], CultureInfo.InvariantCulture);
        }
    }
}
