using System.Text.Json.Serialization;
using Totem.Bench.Results;

namespace Totem.Bench.Micro;

/// <summary>The object that <c>micro --json</c> writes.</summary>
/// <param name="At">When it began.</param>
/// <param name="Machine">Where.</param>
/// <param name="Method">How, for people.</param>
/// <param name="Micro">The results.</param>
internal sealed record MicroReport(
    DateTimeOffset At, MachineFacts Machine, string Method, IReadOnlyList<MicroResult> Micro)
{
    /// <summary>The operation that ratios are to: one frame copied; null when that was not measured.</summary>
    public MicroResult? Reference => Micro.FirstOrDefault(x => x.Name == CopyBenchmarks.Reference);
}

/// <summary>One measured operation.</summary>
/// <param name="Group">Which part of the library.</param>
/// <param name="Name">The operation.</param>
/// <param name="Parameters">With what, as <c>Name=Value</c>; empty for nothing.</param>
/// <param name="Nanoseconds">The median of an operation.</param>
/// <param name="NanosecondsMin">The least.</param>
/// <param name="NanosecondsMax">The most.</param>
/// <param name="AllocatedBytes">Bytes allocated by an operation.</param>
internal sealed record MicroResult(
    string Group, string Name, string Parameters, double Nanoseconds, double NanosecondsMin, double NanosecondsMax,
    long AllocatedBytes);

/// <summary>Code for writing the report without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(MicroReport))]
internal sealed partial class MicroReportJson : JsonSerializerContext;
