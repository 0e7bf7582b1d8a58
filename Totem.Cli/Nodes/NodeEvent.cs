using System.Text.Json.Serialization;

namespace Totem.Cli.Nodes;

/// <summary>
/// The objects that <c>totem node --json</c> prints, one object a line (docs/reference/cli.md lists them). Programs
/// read these, so a field is never renamed; new ones may come.
/// </summary>
/// <param name="At">When, on this host's clock.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(NodeStarted), "started")]
[JsonDerivedType(typeof(ConfigurationInstalled), "configuration")]
[JsonDerivedType(typeof(MessageDelivered), "message")]
[JsonDerivedType(typeof(GroupChanged), "group")]
[JsonDerivedType(typeof(GroupMessageDelivered), "groupMessage")]
[JsonDerivedType(typeof(GroupListed), "groupListed")]
[JsonDerivedType(typeof(NodeLeft), "left")]
[JsonDerivedType(typeof(WorkerProgress), "progress")]
[JsonDerivedType(typeof(WorkerLoadDone), "done")]
[JsonDerivedType(typeof(WorkerMark), "mark")]
[JsonDerivedType(typeof(WorkerTraceEnded), "traceEnded")]
internal abstract record NodeEvent(DateTimeOffset At);

/// <summary>The process has its sockets and looks for a ring.</summary>
internal sealed record NodeStarted(DateTimeOffset At, uint Node, int Pid) : NodeEvent(At);

/// <summary>A configuration is installed.</summary>
/// <param name="At">When.</param>
/// <param name="Kind"><c>regular</c> or <c>transitional</c>.</param>
/// <param name="Ring">The ring, as <c>representative.sequence</c>.</param>
/// <param name="PreviousRing">The ring before; null for the first.</param>
/// <param name="Members">Its members.</param>
/// <param name="Joined">The nodes that came in.</param>
/// <param name="Left">The nodes that went.</param>
/// <param name="Reason">Why, for programs: a <see cref="GatherReason"/>.</param>
/// <param name="Cause">Why, for people.</param>
internal sealed record ConfigurationInstalled(
    DateTimeOffset At,
    string Kind,
    string Ring,
    string? PreviousRing,
    uint[] Members,
    uint[] Joined,
    uint[] Left,
    string Reason,
    string Cause) : NodeEvent(At)
{
    /// <summary>True for a regular configuration.</summary>
    [JsonIgnore]
    public bool IsRegular => Kind == "regular";

    /// <summary>The event for a change that the engine reports.</summary>
    public static ConfigurationInstalled From(ConfigurationChange change, DateTimeOffset at)
    {
        var configuration = change.Configuration;
        return new ConfigurationInstalled(
            at,
            configuration.Kind == ConfigurationKind.Regular ? "regular" : "transitional",
            configuration.Ring.ToString(),
            configuration.PreviousRing == default ? null : configuration.PreviousRing.ToString(),
            Ids(configuration.Members),
            Ids(change.Joined),
            Ids(change.Left),
            change.Cause.Reason.ToString(),
            change.Cause.ToString());
    }

    private static uint[] Ids(ProcessorSet set) => [.. set.Select(x => x.Value)];
}

/// <summary>A message is delivered.</summary>
/// <param name="At">When.</param>
/// <param name="Sender">The sender.</param>
/// <param name="Ring">The ring it was sent on.</param>
/// <param name="Guarantee"><c>agreed</c> or <c>safe</c>.</param>
/// <param name="Text">The message, when its bytes are UTF-8.</param>
/// <param name="Base64">The message, when they are not.</param>
internal sealed record MessageDelivered(
    DateTimeOffset At, uint Sender, string Ring, string Guarantee, string? Text, string? Base64) : NodeEvent(At);

/// <summary>The process has said goodbye to the ring; nothing follows.</summary>
internal sealed record NodeLeft(DateTimeOffset At) : NodeEvent(At);

/// <summary>A worker under load says how far it is: messages handed to the ring, delivered here,
/// and its own among these.</summary>
internal sealed record WorkerProgress(DateTimeOffset At, long Sent, long Delivered, long OwnDelivered) : NodeEvent(At);

/// <summary>A worker has submitted every message of a load.</summary>
internal sealed record WorkerLoadDone(DateTimeOffset At, int Load, long Sent) : NodeEvent(At);

/// <summary>A mark was delivered: everything its sender sent before it has been delivered here.</summary>
internal sealed record WorkerMark(DateTimeOffset At, uint Sender, int Mark, long Delivered) : NodeEvent(At);

/// <summary>A worker has closed its trace; what follows is not in it.</summary>
internal sealed record WorkerTraceEnded(DateTimeOffset At) : NodeEvent(At);

/// <summary>Code for reading and writing the events without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeEvent))]
internal sealed partial class NodeEventJson : JsonSerializerContext;
