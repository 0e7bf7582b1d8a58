using Totem.Cli.Nodes;
using Totem.Cli.Output;
using Totem.Cli.Workers;
using Totem.CommandLine;

namespace Totem.Cli.Demos;

/// <summary>The flags of a demo.</summary>
/// <param name="Nodes">Processes, 2 to 14.</param>
/// <param name="Messages">Messages that each node which stays multicasts.</param>
/// <param name="Directory">Where traces and ring sequences go.</param>
/// <param name="BasePort">The first of the fourteen loopback ports.</param>
internal sealed record DemoPlan(int Nodes, int Messages, string Directory, int BasePort);

/// <summary>
/// The product's main job on one machine: real processes form a ring over UDP, multicast, lose one of them to SIGKILL
/// under load, take it back, and leave traces that the checker reads.
/// </summary>
internal sealed class Demo(DemoPlan plan, ProgressLine progress)
{
    // Most messages share datagrams, some need dozens of them.
    private const int MinSizeBytes = 32;
    private const int SizeBytesMax = 20_000;
    private const int SafePercent = 30;
    private const int OutstandingMax = 64;

    private const int FirstLoad = 1;
    private const int SecondLoad = 2;
    private const int EndMark = 1;

    // They bound a run that goes wrong. Starts, messages and ends are counted: as long as more of them come, nothing
    // has gone wrong, however busy the machine is and however many were asked for.
    private static readonly TimeSpan RingLimitPerNode = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan NewsLimit = TimeSpan.FromSeconds(60);

    private readonly uint[] _everybody = [.. Enumerable.Range(1, plan.Nodes).Select(x => (uint)x)];
    private readonly TraceFolder _traces = new(plan.Directory);

    /// <summary>All processes start and look for each other at once, on the cores that there are.</summary>
    private TimeSpan RingLimit => RingLimitPerNode * plan.Nodes;

    private TimeSpan StartLimit => NewsLimit * plan.Nodes;

    private uint Victim => _everybody[^1];

    private uint[] Survivors => _everybody[..^1];

    /// <summary>Runs the demo and checks what it left.</summary>
    /// <exception cref="WorkerClusterException">A step did not happen within its limit, or a child
    /// died by itself.</exception>
    /// <exception cref="CommandFailedException">The machine refused a child what it needs.</exception>
    public async Task<DemoReport> RunAsync(CancellationToken cancellationToken)
    {
        var begun = DateTimeOffset.UtcNow;
        var cluster = new WorkerCluster(Launch);
        await using (cluster.ConfigureAwait(false))
        {
            cluster.OnEvent = (_, _) => progress.Update(() => Describe(cluster), () => DescribeShortly(cluster));
            var (started, formed) = await FormAsync(cluster, begun, cancellationToken).ConfigureAwait(false);
            var killed = await LoadAndKillAsync(cluster, cancellationToken).ConfigureAwait(false);
            var removal = await AwaitRemovalAsync(cluster, killed, cancellationToken).ConfigureAwait(false);
            var rejoin = await RestartAsync(cluster, cancellationToken).ConfigureAwait(false);
            await FinishLoadAsync(cluster, cancellationToken).ConfigureAwait(false);
            var times = new DemoTimes(
                Milliseconds(started - begun),
                Milliseconds(formed - started),
                Milliseconds(removal.First - killed),
                Milliseconds(removal.Last - killed),
                Milliseconds(rejoin),
                0);
            progress.Update(() => "checking the traces");
            var outcome = new DemoOutcome(plan, Victim, _everybody, times, removal.Cause);
            var report = outcome.Check(_traces);
            return report with { Times = times with { Total = Milliseconds(DateTimeOffset.UtcNow - begun) } };
        }
    }

    private WorkerLaunch Launch(uint node, int incarnation) => new(
        node,
        [
            "--id", $"{node}", "--port", $"{plan.BasePort}", "--incarnation", $"{incarnation}",
            "--state", _traces.StateOf(node), "--trace", _traces.TraceOf(node, incarnation),
        ],
        Wrapper: []);

    private async Task<(DateTimeOffset Started, DateTimeOffset Formed)> FormAsync(
        WorkerCluster cluster, DateTimeOffset begun, CancellationToken cancellationToken)
    {
        progress.Step($"starting {plan.Nodes} processes, UDP ports {plan.BasePort} to {plan.BasePort + plan.Nodes - 1} "
            + "of 127.0.0.1");
        foreach (var node in _everybody)
            cluster.Start(node);
        try
        {
            await cluster.WaitForAllAsync(
                _everybody, x => x.StartedAt is not null, x => x.StartedAt is null ? 0 : 1, "start of every process",
                StartLimit, cancellationToken)
                .ConfigureAwait(false);
            await cluster.WaitForRingAsync(_everybody, RingLimit, cancellationToken).ConfigureAwait(false);
        }
        catch (WorkerClusterException failure) when (failure.ReturnCode == ExitCode.Environment)
        {
            // A port in use is nothing that the protocol did wrong.
            throw new CommandFailedException(ExitCode.Environment, failure.Message);
        }

        var (started, formed, ring) = cluster.Read(x => (
            x.Values.Max(w => w.View.StartedAt!.Value),
            x.Values.Max(w => w.View.Regular!.At),
            x.Values.First().View.Regular!.Ring));
        // The last process can be slower to start than the ring is to take it in.
        formed = formed > started ? formed : started;
        progress.Step($"ring {ring} of all {plan.Nodes}, {Milliseconds(formed - begun):0} ms after the start");
        return (started, formed);
    }

    private async Task<DateTimeOffset> LoadAndKillAsync(WorkerCluster cluster, CancellationToken cancellationToken)
    {
        // The victim sends until it dies, so that it dies under load however fast the machine is.
        cluster.Tell(Load(FirstLoad, plan.Messages - plan.Messages / 2), Survivors);
        cluster[Victim].Tell(Load(FirstLoad, 0));
        var enough = Math.Max(1, plan.Messages / 4);
        var ofItsOwn = Math.Max(1, plan.Messages / 20);
        await cluster.WaitForAllAsync(
            [Victim],
            x => x.Delivered >= enough && x.OwnDelivered >= ofItsOwn,
            x => x.Delivered,
            $"{enough} messages at node {Victim}, {ofItsOwn} of its own",
            NewsLimit,
            cancellationToken).ConfigureAwait(false);
        var killed = DateTimeOffset.UtcNow;
        cluster[Victim].Kill();
        progress.Step($"node {Victim} killed (SIGKILL) under load, {cluster.Read(x => x[Victim].View.Delivered)} "
            + "messages delivered");
        return killed;
    }

    private async Task<(DateTimeOffset First, DateTimeOffset Last, string Cause)> AwaitRemovalAsync(
        WorkerCluster cluster, DateTimeOffset killed, CancellationToken cancellationToken)
    {
        await cluster.WaitForRingAsync(Survivors, RingLimit, cancellationToken).ConfigureAwait(false);
        var regulars = cluster.Read(x => Survivors
            .Select(node =>
                x[node].View.Configurations.First(c => c.IsRegular && c.At >= killed && !c.Members.Contains(Victim)))
            .ToArray());
        var first = regulars.Min(x => x.At);
        var last = regulars.Max(x => x.At);
        var telling = MostTelling(regulars);
        progress.Step($"ring {telling.Ring} without it, {Milliseconds(last - killed):0} ms later: {telling.Cause}");
        return (first, last, telling.Cause);
    }

    /// <summary>The member whose cause says most about a removal: one that noticed it itself, not one that was called
    /// by another.</summary>
    internal static ConfigurationInstalled MostTelling(IEnumerable<ConfigurationInstalled> regulars)
        => regulars
            .OrderBy(x => x.Reason switch
            {
                nameof(GatherReason.JoinReceived) => 2,
                nameof(GatherReason.MemberGivenUp) => 1,
                _ => 0,
            })
            .ThenBy(x => x.At)
            .First();

    private async Task<TimeSpan> RestartAsync(WorkerCluster cluster, CancellationToken cancellationToken)
    {
        // The others can be quicker than who reaps the process.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(NewsLimit);
        await cluster[Victim].WaitForExitAsync(limit.Token).ConfigureAwait(false);
        var worker = cluster.Start(Victim);
        await cluster.WaitForAllAsync(
            [Victim], x => x.StartedAt is not null, $"start of node {Victim}", StartLimit, cancellationToken)
            .ConfigureAwait(false);
        await cluster.WaitForRingAsync(_everybody, RingLimit, cancellationToken).ConfigureAwait(false);
        var (started, last, ring) = cluster.Read(x => (
            worker.View.StartedAt!.Value, x.Values.Max(w => w.View.Regular!.At), worker.View.Regular!.Ring));
        progress.Step($"node {Victim} restarted with the same id: ring {ring} of all {plan.Nodes}, "
            + $"{Milliseconds(last - started):0} ms later");
        return last - started;
    }

    private async Task FinishLoadAsync(WorkerCluster cluster, CancellationToken cancellationToken)
    {
        cluster.Tell(Load(SecondLoad, plan.Messages / 2), _everybody);
        await cluster.WaitForAllAsync(
            _everybody, x => x.HasDone(SecondLoad), x => x.Delivered, "end of the load", NewsLimit, cancellationToken)
            .ConfigureAwait(false);
        // A mark comes last in its sender's order: with everybody's marks, everything has been delivered.
        cluster.Tell(new SendMark(EndMark), _everybody);
        await cluster.WaitForAllAsync(
            _everybody, x => x.HasMarks(EndMark, _everybody), x => x.Delivered, "delivery of everything", NewsLimit,
            cancellationToken)
            .ConfigureAwait(false);
        progress.Step($"everything delivered everywhere, {cluster.Read(x => x.Values.Sum(w => w.View.Delivered))} "
            + "times a message in all");

        cluster.Tell(new EndTrace(), _everybody);
        await cluster.WaitForAllAsync(
            _everybody, x => x.HasEndedTrace, x => x.HasEndedTrace ? 1 : 0, "end of every trace", NewsLimit,
            cancellationToken)
            .ConfigureAwait(false);
        cluster.Tell(new LeaveRing(), _everybody);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(NewsLimit);
        foreach (var worker in cluster.Current)
        {
            var exitCode = await worker.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            if (exitCode != ExitCode.Ok)
                throw new WorkerClusterException($"node {worker.Node} ended with exit code "
                    + $"{exitCode}\n{worker.LastErrors}");
        }
    }

    private static StartLoad Load(int load, int count)
        => new(load, count, MinSizeBytes, SizeBytesMax, SafePercent, OutstandingMax, PerSecondMax: 0);

    // Not below zero: a ring may stand before its last member says that it runs, and the host's clock may be set back.
    private static double Milliseconds(TimeSpan span) => Math.Max(0, Math.Round(span.TotalMilliseconds, 1));

    // Called under the cluster's lock, on each event.
    private static string Describe(WorkerCluster cluster)
        => string.Join("  ", cluster.Current.Select(x =>
            $"{x.Node}:{(x.WasKilled ? "killed" : x.View.Regular is null ? "-" : $"{x.View.Delivered}")}"));

    /// <summary>Where a number for each does not fit on the line.</summary>
    private static string DescribeShortly(WorkerCluster cluster)
    {
        var running = cluster.Current.Where(x => !x.WasKilled && x.View.Regular is not null)
            .Select(x => x.View.Delivered).DefaultIfEmpty().ToArray();
        return $"{cluster.Current.Count(x => x.View.Regular is not null)} of {cluster.Current.Count} nodes on a ring, "
            + $"{running.Min()} to {running.Max()} delivered";
    }
}
