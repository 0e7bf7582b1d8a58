using System.Text;
using Totem.Cli.Nodes;

namespace Totem.Cli.Workers;

/// <summary>
/// Several worker processes and what they report. Waiting is always for a condition over their reports, looked at again
/// with each event, and always with a limit; the exception then says what was waited for and how far everybody was.
/// </summary>
internal sealed class WorkerCluster(Func<uint, int, WorkerLaunch> launch) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<uint, WorkerProcess> _current = [];
    private readonly List<WorkerProcess> _all = [];
    private TaskCompletionSource _changed = NewSource();

    /// <summary>Called for each event, in the order of arrival, under the lock: be quick.</summary>
    public Action<WorkerProcess, NodeEvent>? OnEvent { get; set; }

    /// <summary>The latest process of each node, by node id.</summary>
    public IReadOnlyList<WorkerProcess> Current
    {
        get
        {
            lock (_lock)
                return [.. _current.Values];
        }
    }

    /// <summary>Every process there has been, in the order of their starts.</summary>
    public IReadOnlyList<WorkerProcess> All
    {
        get
        {
            lock (_lock)
                return [.. _all];
        }
    }

    /// <summary>The latest process of a node.</summary>
    public WorkerProcess this[uint node]
    {
        get
        {
            lock (_lock)
                return _current[node];
        }
    }

    /// <summary>Starts a node, or its next life.</summary>
    public WorkerProcess Start(uint node)
    {
        lock (_lock)
        {
            var incarnation = _current.TryGetValue(node, out var last) ? last.Incarnation + 1 : 1;
            if (last is { HasExited: false })
                throw new InvalidOperationException($"node {node} still runs");
            var worker = WorkerProcess.Start(launch(node, incarnation), incarnation, Take);
            _current[node] = worker;
            _all.Add(worker);
            return worker;
        }
    }

    /// <summary>Tells several nodes the same.</summary>
    public void Tell(WorkerInstruction command, IEnumerable<uint> nodes)
    {
        foreach (var node in nodes)
            this[node].Tell(command);
    }

    /// <summary>Reads something that the events decide.</summary>
    public T Read<T>(Func<IReadOnlyDictionary<uint, WorkerProcess>, T> read)
    {
        lock (_lock)
            return read(_current);
    }

    /// <summary>Waits until these nodes all satisfy a condition.</summary>
    /// <exception cref="WorkerClusterException">The limit passed, or one of the nodes died.</exception>
    public Task WaitForAllAsync(
        IReadOnlyCollection<uint> nodes, Func<WorkerView, bool> condition, string what, TimeSpan limit,
        CancellationToken cancellationToken)
        => WaitAsync(nodes, () => nodes.All(x => condition(_current[x].View)), what, limit, cancellationToken);

    /// <summary>The same, for what takes as long as it takes: the limit is for the time in which
    /// nothing of it happens.</summary>
    /// <param name="nodes">The workers that are waited for; they must not die meanwhile.</param>
    /// <param name="condition">Of each.</param>
    /// <param name="progress">Of each; a change of the sum is news.</param>
    /// <param name="what">The condition in words, for the exception.</param>
    /// <param name="limit">How long without news.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="WorkerClusterException">The limit passed without news, or one of the nodes died.</exception>
    public Task WaitForAllAsync(
        IReadOnlyCollection<uint> nodes, Func<WorkerView, bool> condition, Func<WorkerView, long> progress, string what,
        TimeSpan limit,
        CancellationToken cancellationToken)
        => WaitAsync(
            nodes, () => nodes.All(x => condition(_current[x].View)), what, limit, cancellationToken,
            () => nodes.Sum(x => progress(_current[x].View)));

    /// <summary>Waits until these nodes are one ring of exactly themselves.</summary>
    public Task WaitForRingAsync(IReadOnlyCollection<uint> members, TimeSpan limit, CancellationToken cancellationToken)
        => WaitAsync(members, () => IsOneRing(members), $"one ring of {{{string.Join(", ", members)}}}", limit,
            cancellationToken);

    private bool IsOneRing(IReadOnlyCollection<uint> members)
    {
        var ring = _current[members.First()].View.Regular?.Ring;
        return members.All(x => _current[x].View.IsIn(members) && _current[x].View.Regular?.Ring == ring);
    }

    /// <summary>Waits for a condition. It is evaluated under the lock, now and after each event.</summary>
    /// <param name="needed">Nodes that must not die meanwhile.</param>
    /// <param name="condition">The condition.</param>
    /// <param name="what">The same in words, for the exception.</param>
    /// <param name="limit">How long at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="progress">Whenever it has changed, the limit begins anew; null for a limit to the whole.</param>
    /// <exception cref="WorkerClusterException">The limit passed, or one of the needed nodes died.</exception>
    public async Task WaitAsync(
        IReadOnlyCollection<uint> needed, Func<bool> condition, string what, TimeSpan limit,
        CancellationToken cancellationToken,
        Func<long>? progress = null)
    {
        var reached = long.MinValue;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (condition())
                    return;
                var dead = needed.Select(x => _current[x])
                    .FirstOrDefault(x => x.HasExited && !x.WasKilled && !x.View.HasLeft);
                if (dead is not null)
                    throw new WorkerClusterException($"node {dead.Node} died while waiting for "
                        + $"{what}\n{Describe()}") { ReturnCode = dead.ReturnCode };
                changed = _changed.Task;
                if (progress?.Invoke() is { } now && now != reached)
                {
                    reached = now;
                    timeout.CancelAfter(limit);
                }
            }

            try
            {
                await changed.WaitAsync(timeout.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new WorkerClusterException(
                    $"no {what} within {limit.TotalSeconds:0.#} "
                        + $"s{(progress is null ? "" : " without news")}\n{Read(_ => Describe())}");
            }
        }
    }

    private void Take(WorkerProcess worker, NodeEvent? nodeEvent)
    {
        lock (_lock)
        {
            if (nodeEvent is not null)
            {
                worker.View.Apply(nodeEvent);
                OnEvent?.Invoke(worker, nodeEvent);
            }

            var changed = _changed;
            _changed = NewSource();
            changed.SetResult();
        }
    }

    private string Describe()
    {
        var text = new StringBuilder();
        foreach (var worker in _current.Values)
        {
            var state = worker.WasKilled ? "killed, " : worker.HasExited ? "dead, " : "";
            text.Append($"  node {worker.Node}#{worker.Incarnation}: {state}{worker.View}\n");
            if (worker.LastErrors is { Length: > 0 } errors)
                text.Append("    ").Append(errors.Replace("\n", "\n    ", StringComparison.Ordinal)).Append('\n');
        }

        return text.ToString().TrimEnd();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Kills whatever still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var worker in All)
            await worker.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>The workers did not do what they were waited for; the message says how far each was.</summary>
internal sealed class WorkerClusterException(string message) : Exception(message)
{
    /// <summary>The exit code of the worker that died; null when none did.</summary>
    public int? ReturnCode { get; init; }
}
