using Totem.Bench.Load;
using Totem.Bench.Processes;

namespace Totem.Bench.Readers;

/// <summary>One ring whose last node is the reader: it starts, warms up, is looked at by the clock, and ends. A member
/// that is out hears no mark of the others, so windows are not between marks here.</summary>
internal sealed class ReaderRun(
    ReaderPlan plan, ReaderCase which, int run, double absentPerSecond, IBenchNetwork network, string folder)
{
    private const double NanosecondsPerSecond = 1e9;

    // Bounds for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan FormationLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private readonly List<NodeProcess> _nodes = [];

    private int Count => which.Kind == ReaderKind.Absent ? plan.Nodes - 1 : plan.Nodes;

    private NodeProcess Reader => _nodes[^1];

    /// <summary>Runs it.</summary>
    /// <exception cref="RunFailedException">It came to nothing.</exception>
    public async Task<IReadOnlyList<ReaderResult>> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var node = 1u; node <= Count; node++)
                _nodes.Add(NodeProcess.Start(
                    SetupOf(node), network.WrapperOf(node), [.. OwnProgram.Command(null), OwnProgram.NodeCommand]));
            await AllAsync<NodeReady>(FormationLimit, cancellationToken).ConfigureAwait(false);
            TellAll(new StartLoad());
            await Task.Delay(TimeSpan.FromSeconds(plan.WarmUpSeconds), cancellationToken).ConfigureAwait(false);
            return which.Kind == ReaderKind.Paused
                ? await PauseAsync(cancellationToken).ConfigureAwait(false)
                : [await WatchAsync(cancellationToken).ConfigureAwait(false)];
        }
        finally
        {
            // Together: each waits for its goodbye.
            await Task.WhenAll(_nodes.Select(x => x.DisposeAsync().AsTask())).ConfigureAwait(false);
        }
    }

    private async Task<ReaderResult> WatchAsync(CancellationToken cancellationToken)
    {
        var window = await WindowAsync(plan.Seconds, cancellationToken).ConfigureAwait(false);
        var isReference = which.Kind != ReaderKind.Slow;
        double? canTake = which.Kind switch
        {
            ReaderKind.Absent => null,
            ReaderKind.Whole => window.OthersPerSecond,
            _ => which.Share * plan.Rate,
        };
        return window with { Reader = ReaderBench.NameOf(which), CanTake = canTake, IsReference = isReference,
            IsOut = which.Kind != ReaderKind.Absent && window.IsOut };
    }

    // The pause from when the others must have got over it, and then what follows it, from when
    // they must have got over that.
    private async Task<IReadOnlyList<ReaderResult>> PauseAsync(CancellationToken cancellationToken)
    {
        Reader.Tell(new PauseReading());
        var outAfter = await SettleAsync(x => x < plan.Nodes, cancellationToken).ConfigureAwait(false);
        var during = await WindowAsync(plan.PauseSeconds - ReaderResult.SettleSeconds, cancellationToken)
            .ConfigureAwait(false);
        Reader.Tell(new ReadOn());
        var backAfter = await SettleAsync(x => x == plan.Nodes, cancellationToken).ConfigureAwait(false);
        var after = await WindowAsync(plan.Seconds, cancellationToken).ConfigureAwait(false);
        var name = ReaderBench.NameOf(which, plan);
        return
        [
            during with { Reader = $"{name}, from {ReaderResult.SettleSeconds:0} s after it began",
                ChangedAfter = outAfter },
            after with { Reader = $"{name}, from {ReaderResult.SettleSeconds:0} s after it ended",
                ChangedAfter = backAfter, CanTake = plan.Rate },
        ];
    }

    // Lets the time pass in which the others have to get over it, and says when the membership was another one.
    private async Task<double?> SettleAsync(Func<int, bool> isThere, CancellationToken cancellationToken)
    {
        var begin = Clock.Now;
        double? after = null;
        while (Clock.Now - begin < ReaderResult.SettleSeconds * NanosecondsPerSecond)
        {
            var sample = await SampleAsync(_nodes[0], cancellationToken).ConfigureAwait(false);
            if (after is null && isThere(sample.Members))
                after = (sample.At - begin) / NanosecondsPerSecond;
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
        }

        return after;
    }

    private async Task<ReaderResult> WindowAsync(double seconds, CancellationToken cancellationToken)
    {
        var begin = await SampleAllAsync(cancellationToken).ConfigureAwait(false);
        var silence = await ListenAsync(begin[0], seconds, cancellationToken).ConfigureAwait(false);
        var end = await SampleAllAsync(cancellationToken).ConfigureAwait(false);
        var rates = begin.Zip(end, (x, y) => (y.Delivered - x.Delivered) * NanosecondsPerSecond / (y.At - x.At))
            .ToArray();
        var perSecond = rates.Take(plan.Nodes - 1).Average();
        return new ReaderResult
        {
            Run = run,
            Reader = "",
            OthersPerSecond = perSecond,
            TookPerSecond = rates.Length == plan.Nodes ? rates[^1] : null,
            AbsentPerSecond = which.Kind == ReaderKind.Absent ? perSecond : absentPerSecond,
            IsOut = end[0].Members < plan.Nodes,
            LongestSilence = silence,
            Changes = end[0].Changes - begin[0].Changes,
        };
    }

    // A mean hides that nothing came for seconds and everything afterwards.
    private async Task<double> ListenAsync(SampleTaken begin, double seconds, CancellationToken cancellationToken)
    {
        var (last, longest) = (begin, 0L);
        while (Clock.Now - begin.At < seconds * NanosecondsPerSecond)
        {
            await Task.Delay(BetweenLooks, cancellationToken).ConfigureAwait(false);
            var sample = await SampleAsync(_nodes[0], cancellationToken).ConfigureAwait(false);
            if (sample.Delivered == last.Delivered)
                longest = Math.Max(longest, sample.At - last.At);
            else
                last = sample;
        }

        return longest / NanosecondsPerSecond;
    }

    private Task<SampleTaken[]> SampleAllAsync(CancellationToken cancellationToken)
        => Task.WhenAll(_nodes.Select(x => SampleAsync(x, cancellationToken)));

    private static Task<SampleTaken> SampleAsync(NodeProcess node, CancellationToken cancellationToken)
    {
        node.Tell(new TakeSample());
        return node.ExpectAsync<SampleTaken>(AnswerLimit, cancellationToken);
    }

    private NodeSetup SetupOf(uint node) => new()
    {
        Self = node,
        Nodes = Count,
        Engine = EngineKind.Totem,
        Settings = [],
        Addresses = [.. network.Addresses.Take(Count)],
        Port = network.Port,
        Transport = plan.Transport,
        Api = "stream",
        StateDirectory = Directory.CreateDirectory(Path.Combine(folder, $"state-{node}")).FullName,
        DaemonPid = 0,
        IsSafe = false,
        Size = plan.Size,
        Load = plan.Load,
        Senders = plan.Nodes - 1,
        IsBusyPolling = false,
        ReadPerSecond = node == plan.Nodes && which.Kind == ReaderKind.Slow ? which.Share * plan.Rate : 0,
    };

    private void TellAll(NodeInstruction what)
    {
        foreach (var node in _nodes)
            node.Tell(what);
    }

    private Task<T[]> AllAsync<T>(TimeSpan limit, CancellationToken cancellationToken)
        where T : NodeEvent
        => Task.WhenAll(_nodes.Select(x => x.ExpectAsync<T>(limit, cancellationToken)));
}
