using System.Text.Json.Serialization;
using Totem.Simulation.Scenarios;

namespace Totem.Cli.Simulations;

/// <summary>The report of many scenarios, as <c>totem simulate --json</c> prints it.</summary>
internal sealed record CampaignJson(
    bool Passed,
    ulong FirstSeed,
    int Scenarios,
    int Done,
    int Failed,
    double Seconds,
    double PerSecond,
    double VirtualSeconds,
    long Datagrams,
    long TraceEvents,
    long Configurations,
    bool Groups,
    long GroupDeliveries,
    double WorstConvergence,
    ulong WorstConvergenceSeed,
    IReadOnlyList<ScenarioJson> Failures)
{
    /// <summary>The report as an object to print.</summary>
    public static CampaignJson Of(CampaignReport report) => new(
        report.Passed,
        report.Options.FirstSeed,
        report.Options.ScenarioCount,
        report.Done,
        report.FailedCount,
        Math.Round(report.Elapsed.TotalSeconds, 3),
        Math.Round(report.PerSecond, 1),
        Math.Round(report.VirtualTime.TotalSeconds, 3),
        report.TransmitCount,
        report.TraceCount,
        report.InstallCount,
        report.Options.Groups,
        report.GroupDeliveryCount,
        Math.Round(report.WorstConvergence, 4),
        report.WorstConvergenceSeed,
        [.. report.Failures.Select(
            x => ScenarioJson.Of(x.Original) with { ShrunkScript = x.Shrunk.Script.ToString() })]);
}

/// <summary>One scenario.</summary>
internal sealed record ScenarioJson(
    bool Passed,
    ulong? Seed,
    int Processors,
    double VirtualSeconds,
    double ConvergenceMilliseconds,
    double ConvergenceBoundMilliseconds,
    string Digest,
    IReadOnlyList<string> Failures,
    string Script,
    string? ShrunkScript = null)
{
    /// <summary>The result as an object to print.</summary>
    public static ScenarioJson Of(ScenarioResult result) => new(
        result.Passed,
        result.ScenarioSeed,
        result.Script.ProcessorCount,
        Math.Round(result.VirtualTime.TotalSeconds, 6),
        Math.Round(result.ConvergenceTime.TotalMilliseconds, 3),
        Math.Round(result.ConvergenceBound.TotalMilliseconds, 3),
        result.Digest.ToString("x16"),
        [.. result.Failures.Select(x => $"{x.Rule}: {x.Text}")],
        result.Script.ToString());
}

/// <summary>Code for writing the reports without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CampaignJson))]
[JsonSerializable(typeof(ScenarioJson))]
internal sealed partial class CampaignJsonContext : JsonSerializerContext;
