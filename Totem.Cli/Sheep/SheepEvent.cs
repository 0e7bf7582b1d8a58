using System.Text.Json.Serialization;

namespace Totem.Cli.Sheep;

/// <summary>The objects that <c>totem sheep --json</c> prints, one object a line. A field is never renamed; new ones
/// may come.</summary>
/// <param name="At">When, on this host's clock.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(SheepStarted), "started")]
[JsonDerivedType(typeof(SheepEpoch), "epoch")]
[JsonDerivedType(typeof(SheepNotified), "notify")]
[JsonDerivedType(typeof(SheepDone), "done")]
[JsonDerivedType(typeof(SheepFailed), "failed")]
[JsonDerivedType(typeof(SheepLogged), "log")]
internal abstract record SheepEvent(DateTimeOffset At);

/// <summary>It is on its way into the cluster.</summary>
internal sealed record SheepStarted(DateTimeOffset At, string Node, int Pid) : SheepEvent(At);

/// <summary>The epoch has grown, or this sheep has learnt it with its own accept.</summary>
/// <param name="At">When.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Why"><c>joined</c>, <c>left</c> or <c>updated</c>.</param>
/// <param name="Node">The node.</param>
/// <param name="Members">The node list, the oldest first.</param>
/// <param name="Reason">Of a leave: <c>left</c>, <c>killed</c>, <c>silent</c> or <c>restarted</c>.</param>
internal sealed record SheepEpoch(DateTimeOffset At, int Epoch, string Why, string Node, string[] Members,
    string? Reason = null) : SheepEvent(At);

/// <summary>A notification; also what ended somebody's turn.</summary>
internal sealed record SheepNotified(DateTimeOffset At, string Node, string Text) : SheepEvent(At);

/// <summary>A typed request is done: <c>block</c> when it is this sheep's turn, <c>lock 7</c> when it has the lock, and
/// so on.</summary>
internal sealed record SheepDone(DateTimeOffset At, string What) : SheepEvent(At);

/// <summary>A typed request cannot be done, or the driver is over.</summary>
internal sealed record SheepFailed(DateTimeOffset At, string Reason) : SheepEvent(At);

/// <summary>A line of the driver's log.</summary>
/// <param name="At">When.</param>
/// <param name="Level"><c>debug</c>, <c>information</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Text">The line.</param>
internal sealed record SheepLogged(DateTimeOffset At, string Level, string Text) : SheepEvent(At);

/// <summary>Code for writing the events without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SheepEvent))]
internal sealed partial class SheepEventJson : JsonSerializerContext;
