using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using Totem.Bench.Results;
using Totem.CommandLine;

namespace Totem.Bench.Micro;

/// <summary>
/// Runs the measurements of single operations with BenchmarkDotNet and its memory diagnoser, in this process: the usual
/// toolchain builds a project beside ours for each, which needs a package source, and would inherit this repository's
/// rules for source text.
/// </summary>
internal static class MicroBench
{
    private const int WarmUpCount = 3;
    private const int IterationCount = 7;
    private const double IterationMilliseconds = 100;

    private static readonly Type[] Types =
    [
        typeof(CopyBenchmarks), typeof(WireBenchmarks), typeof(WindowBenchmarks), typeof(PackingBenchmarks),
        typeof(VisitBenchmarks),
        typeof(GroupBenchmarks), typeof(QueueBenchmarks),
    ];

    /// <summary>Runs those that a filter names.</summary>
    /// <param name="filters">Patterns with * and ?, of <c>Class.Method</c>; the reference is
    /// measured in any case.</param>
    /// <param name="isSmoke">Each once, to see that it works.</param>
    /// <param name="progress">Told what BenchmarkDotNet says.</param>
    public static MicroReport Run(IReadOnlyList<string> filters, bool isSmoke, TextWriter progress)
    {
        var at = DateTimeOffset.UtcNow;
        var machine = MachineFacts.Read();
        var artifacts = Directory.CreateTempSubdirectory("totem-bench-micro-");
        try
        {
            var patterns = filters.Select(x => $"{typeof(MicroBench).Namespace}.{x}")
                .Append($"*.{CopyBenchmarks.Reference}");
            var config = ManualConfig.CreateEmpty()
                .AddJob(isSmoke ? Smoke : Short)
                .AddDiagnoser(new MemoryDiagnoser(new MemoryDiagnoserConfig(displayGenColumns: false)))
                .AddColumnProvider(DefaultColumnProviders.Instance)
                .AddFilter(new GlobFilter([.. patterns]))
                .AddLogger(new ProgressLogger(progress))
                .WithOptions(ConfigOptions.DisableLogFile)
                .WithArtifactsPath(artifacts.FullName);
            var chosen = Types.Select(x => BenchmarkConverter.TypeToBenchmarks(x, config))
                .Where(x => x.BenchmarksCases.Length > 0).ToArray();
            var summaries = BenchmarkRunner.Run(chosen);
            return new MicroReport(
                at, machine, MethodOf(isSmoke), [.. summaries.SelectMany(x => x.Reports).Select(ResultOf)]);
        }
        finally
        {
            artifacts.Delete(recursive: true);
        }
    }

    private static Job Smoke => Job.Dry.WithToolchain(InProcessEmitToolchain.Instance);

    private static Job Short => Job.Default
        .WithToolchain(InProcessEmitToolchain.Instance)
        .WithWarmupCount(WarmUpCount)
        .WithIterationCount(IterationCount)
        .WithIterationTime(TimeInterval.FromMilliseconds(IterationMilliseconds));

    private static string MethodOf(bool isSmoke)
        => $"BenchmarkDotNet {typeof(BenchmarkRunner).Assembly.GetName().Version!.ToString(3)}, in process, "
            + (isSmoke ? "each once (a smoke test: the times mean nothing)"
                : $"{IterationCount} iterations of {IterationMilliseconds:0} ms");

    private static MicroResult ResultOf(BenchmarkReport report)
    {
        var method = report.BenchmarkCase.Descriptor;
        var times = report.ResultStatistics
            ?? throw new CommandFailedException(ExitCode.Unexpected, $"{method.Type.Name}.{method.WorkloadMethod.Name} "
                + "was not measured; BenchmarkDotNet has said why");
        return new MicroResult(
            method.Type.Name.Replace("Benchmarks", "", StringComparison.Ordinal),
            method.WorkloadMethod.Name,
            string.Join(' ', report.BenchmarkCase.Parameters.Items.Select(x => $"{x.Name}={x.Value}")),
            times.Median, times.Min, times.Max,
            report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0);
    }
}
