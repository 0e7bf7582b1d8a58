using System.Text.Json.Serialization;

namespace Totem.Cli.Workers;

/// <summary>The lines on a worker process's standard input, one object a line. The end of the input means
/// leave.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "do")]
[JsonDerivedType(typeof(StartLoad), "load")]
[JsonDerivedType(typeof(StopLoad), "stop")]
[JsonDerivedType(typeof(SendMark), "mark")]
[JsonDerivedType(typeof(EndTrace), "endTrace")]
[JsonDerivedType(typeof(LeaveRing), "leave")]
internal abstract record WorkerInstruction;

/// <summary>Multicast messages; loads run one after the other.</summary>
/// <param name="Load">A number that the answer repeats.</param>
/// <param name="Count">How many messages; 0 goes on until <see cref="StopLoad"/>.</param>
/// <param name="MinSizeBytes">The smallest message.</param>
/// <param name="SizeBytesMax">The largest; most messages are small, some are this large.</param>
/// <param name="SafePercent">How many of a hundred ask for safe delivery.</param>
/// <param name="OutstandingMax">Messages under way to their own sender; 0 leaves it to back-pressure.</param>
/// <param name="PerSecondMax">Messages in a second; 0 is as fast as it goes.</param>
internal sealed record StartLoad(
    int Load, int Count, int MinSizeBytes, int SizeBytesMax, int SafePercent, int OutstandingMax, int PerSecondMax)
        : WorkerInstruction;

/// <summary>End the load that runs.</summary>
internal sealed record StopLoad : WorkerInstruction;

/// <summary>Multicast a mark behind everything sent so far, safely.</summary>
internal sealed record SendMark(int Mark) : WorkerInstruction;

/// <summary>
/// Close the trace, so that the goodbyes are not in it: what was delivered until here can then be held against the
/// rules for a run that came to rest.
/// </summary>
internal sealed record EndTrace : WorkerInstruction;

/// <summary>Say goodbye and end.</summary>
internal sealed record LeaveRing : WorkerInstruction;

/// <summary>Code for reading and writing the commands without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WorkerInstruction))]
internal sealed partial class WorkerInstructionJson : JsonSerializerContext;
