using System.Diagnostics;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>Runs many random scenarios on some threads and gathers what they gave.</summary>
public sealed class SimulationCampaign
{
    private readonly CampaignOptions _options;
    private readonly Action<CampaignProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Lock _lock = new();
    private readonly Coverage _coverage = new();
    private readonly List<ScenarioResult> _failed = [];
    private readonly Stopwatch _clock = new();
    private Exception? _fault;
    private int _next;
    private int _done;
    private TimeSpan _virtualTime;
    private long _transmits;
    private long _events;
    private long _installs;
    private long _groupDeliveries;
    private double _worst;
    private ulong _worstSeed;

    private SimulationCampaign(
        CampaignOptions options, Action<CampaignProgress>? progress, CancellationToken cancellationToken)
    {
        _options = options;
        _progress = progress;
        _cancellation = cancellationToken;
    }

    /// <summary>Runs a campaign and blocks until it is over.</summary>
    /// <param name="options">The options of the campaign.</param>
    /// <param name="progress">Told after every scenario, on the thread that ran it, one call at a
    /// time; may be null.</param>
    /// <param name="cancellationToken">Ends it early, with what there is.</param>
    /// <exception cref="InvalidOperationException">The simulator failed, not the engine.</exception>
    public static CampaignReport Run(
        CampaignOptions options, Action<CampaignProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new SimulationCampaign(options, progress, cancellationToken).Run();
    }

    private CampaignReport Run()
    {
        _clock.Start();
        var threads = new Thread[Math.Clamp(_options.ThreadCount, 1, 256)];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(WorkSafely) { IsBackground = true, Name = $"scenarios {i + 1}" };
            threads[i].Start();
        }

        foreach (var thread in threads)
            thread.Join();
        _clock.Stop();
        if (_fault is { } fault)
            throw new InvalidOperationException("The simulator itself failed; no rule was broken.", fault);
        return new CampaignReport
        {
            Options = _options,
            Done = _done,
            FailedCount = _failed.Count,
            Failures = Shrink(),
            Elapsed = _clock.Elapsed,
            VirtualTime = _virtualTime,
            TransmitCount = _transmits,
            TraceCount = _events,
            InstallCount = _installs,
            GroupDeliveryCount = _groupDeliveries,
            WorstConvergence = _worst,
            WorstConvergenceSeed = _worstSeed,
            Coverage = _coverage,
        };
    }

    // An exception that leaves a thread ends the process; what the harness throws belongs to the caller of Run.
    private void WorkSafely()
    {
        try
        {
            Work();
        }
        catch (Exception e)
        {
            lock (_lock)
                _fault ??= e;
        }
    }

    private void Work()
    {
        var runner = new ScenarioRunner();
        while (!_cancellation.IsCancellationRequested && Volatile.Read(ref _fault) is null)
        {
            var index = Interlocked.Increment(ref _next) - 1;
            if (index >= _options.ScenarioCount)
                return;
            var seed = unchecked(_options.FirstSeed + (ulong)index);
            var result = runner.Run(_options.Draw(seed)) with { ScenarioSeed = seed, Trace = null };
            lock (_lock)
            {
                Add(result, seed);
                if (_failed.Count >= _options.MaxFailures)
                    return;
            }
        }
    }

    private void Add(ScenarioResult result, ulong seed)
    {
        _done++;
        _virtualTime += result.VirtualTime;
        _transmits += result.TransmitCount;
        _events += result.TraceCount;
        _installs += result.InstallCount;
        _groupDeliveries += result.GroupDeliveryCount;
        _coverage.Add(result.Coverage);
        if (!result.Passed)
            _failed.Add(result);
        var part = result.ConvergenceTime / result.ConvergenceBound;
        if (part > _worst)
            (_worst, _worstSeed) = (part, seed);
        _progress?.Invoke(new CampaignProgress(
            _done, _options.ScenarioCount, _failed.Count, _done / Math.Max(1e-9, _clock.Elapsed.TotalSeconds)));
    }

    private List<CampaignFailure> Shrink()
    {
        var runner = new ScenarioRunner();
        var failures = new List<CampaignFailure>();
        foreach (var original in _failed.OrderBy(x => x.ScenarioSeed))
        {
            var shrunk = failures.Count < _options.ShrinkCount
                ? ScenarioShrinker.Shrink(runner, original, cancellationToken: _cancellation) with { Trace = null }
                : original;
            failures.Add(new CampaignFailure(original, shrunk, _options.ReplayCommand(original.ScenarioSeed!.Value)));
        }

        return failures;
    }
}
