using System.Text.Json.Serialization;

namespace Totem.Bench.Results;

/// <summary>The measurement of a command; the object that <c>--json</c> writes. Names are in camel case
/// there.</summary>
/// <param name="At">When it began.</param>
/// <param name="Machine">Where.</param>
/// <param name="Method">How.</param>
/// <param name="Engines">The results, in the order of the command line: ratios are to the first.</param>
internal sealed record BenchReport(
    DateTimeOffset At, MachineFacts Machine, MethodFacts Method, IReadOnlyList<EngineResult> Engines);

/// <summary>How it was measured.</summary>
/// <param name="Nodes">Nodes, each a process of its own.</param>
/// <param name="Size">The length of a message, in bytes.</param>
/// <param name="Guarantee"><c>agreed</c> or <c>safe</c>.</param>
/// <param name="Load"><c>closed</c>, <c>rate:N</c> (of all senders together) or <c>saturation</c>.</param>
/// <param name="Senders">How many nodes send.</param>
/// <param name="Seconds">The length of the window that was asked for.</param>
/// <param name="WarmUpSeconds">How long the load ran before it.</param>
/// <param name="Runs">How often each engine was measured; engines alternate.</param>
/// <param name="Network"><c>namespaces</c> (veth and a bridge) or <c>loopback</c>.</param>
/// <param name="Transport">The transport of ours.</param>
/// <param name="Api">How ours is used: <c>handler</c>, <c>stream</c> or <c>group</c>.</param>
/// <param name="IsBusyPolling">Whether ours looks for datagrams for milliseconds before it sleeps,
/// instead of the default.</param>
/// <param name="TimedEvery">Of that many messages one is timed.</param>
/// <param name="OutstandingBytesMax">In saturation a sender has at most so many bytes under way,
/// and at least two messages.</param>
/// <param name="RuntimeSettings">The settings of .NET's compiler and garbage collector in the node processes.</param>
internal sealed record MethodFacts(
    int Nodes, int Size, string Guarantee, string Load, int Senders, double Seconds, double WarmUpSeconds, int Runs,
    string Network,
    string Transport, string Api, bool IsBusyPolling, int TimedEvery, long OutstandingBytesMax, string RuntimeSettings);

/// <summary>The results of one engine.</summary>
/// <param name="Engine">As it stands on the command line.</param>
/// <param name="Runs">All runs, in their order.</param>
internal sealed record EngineResult(string Engine, IReadOnlyList<RunResult> Runs)
{
    /// <summary>Over the runs that came to something.</summary>
    public EngineSummary Summary => EngineSummary.Of(Runs);
}

/// <summary>Code for writing the report without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(BenchReport))]
internal sealed partial class BenchReportJson : JsonSerializerContext;
