using System.Text.Json;
using System.Text.Json.Serialization;

namespace Totem.Transport.Udp.Operation;

/// <summary>The words of the status socket, and their limits (docs/reference/status.md).</summary>
internal static class StatusProtocol
{
    /// <summary>Stands in every answer as <c>version</c>.</summary>
    public const int Version = 1;

    /// <summary>The longest request, with its end of line.</summary>
    public const int RequestBytesMax = 1024;

    /// <summary>Clients at a time; one more is told so and sent away.</summary>
    public const int ClientsMax = 16;

    /// <summary>The shortest interval of <c>watch</c>, in ms.</summary>
    public const int WatchMillisecondsMin = 100;

    /// <summary>The longest, an hour.</summary>
    public const int WatchMillisecondsMax = 3_600_000;

    /// <summary>The default.</summary>
    public const int WatchMillisecondsDefault = 1000;
}

/// <summary>The answer to <c>why</c>.</summary>
/// <param name="Version">That of the format.</param>
/// <param name="Node">The member.</param>
/// <param name="Changes">Its last changes, the oldest first.</param>
internal sealed record ChangesAnswer(int Version, ProcessorId Node, IReadOnlyList<ChangeRecord> Changes);

/// <summary>The answer to <c>groups</c>.</summary>
/// <param name="Version">That of the format.</param>
/// <param name="Node">The member.</param>
/// <param name="IsSynchronized">The members agree on them.</param>
/// <param name="Groups">Every group on the ring.</param>
internal sealed record GroupsAnswer(
    int Version, ProcessorId Node, bool IsSynchronized, IReadOnlyList<GroupStatus>? Groups);

/// <summary>The answer to <c>members</c>.</summary>
/// <param name="Version">That of the format.</param>
/// <param name="Node">The member that answers.</param>
/// <param name="Ring">Its ring.</param>
/// <param name="Peers">The members.</param>
internal sealed record MembersAnswer(int Version, ProcessorId Node, RingId? Ring, IReadOnlyList<PeerStatus> Peers);

/// <summary>The answer to <c>stats</c>.</summary>
/// <param name="Version">That of the format.</param>
/// <param name="Node">The member.</param>
/// <param name="Time">Its clock.</param>
/// <param name="Rotation">The token's rotations.</param>
/// <param name="Window">New frames of a rotation.</param>
/// <param name="Backlog">Messages that wait.</param>
/// <param name="Statistics">The counts since the start.</param>
internal sealed record StatisticsAnswer(
    int Version, ProcessorId Node, DateTimeOffset Time, RotationStatus Rotation, long Window, long Backlog,
    NodeStatistics Statistics);

/// <summary>The answer to what is no request.</summary>
/// <param name="Version">That of the format.</param>
/// <param name="Error">The words, which say what was expected.</param>
internal sealed record ErrorAnswer(int Version, string Error);

/// <summary>Code for reading and writing without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(ProcessorIdJson), typeof(ProcessorSetJson), typeof(RingIdJson), typeof(SecondsJson)])]
[JsonSerializable(typeof(MemberStatus))]
[JsonSerializable(typeof(ChangeRecord))]
[JsonSerializable(typeof(ChangesAnswer))]
[JsonSerializable(typeof(GroupsAnswer))]
[JsonSerializable(typeof(MembersAnswer))]
[JsonSerializable(typeof(StatisticsAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class StatusJson : JsonSerializerContext;

/// <summary>An id is a number.</summary>
internal sealed class ProcessorIdJson : JsonConverter<ProcessorId>
{
    public override ProcessorId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(reader.GetUInt32());

    public override void Write(Utf8JsonWriter writer, ProcessorId value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value.Value);
}

/// <summary>A set of members is an array of their numbers.</summary>
internal sealed class ProcessorSetJson : JsonConverter<ProcessorSet>
{
    public override ProcessorSet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("expected an array of ids");
        var ids = new List<ProcessorId>();
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            if (ids.Count == ProcessorSet.MaxCount)
                throw new JsonException($"expected at most {ProcessorSet.MaxCount} ids");
            ids.Add(new ProcessorId(reader.GetUInt32()));
        }

        return reader.TokenType == JsonTokenType.EndArray ? ProcessorSet.Of([.. ids])
            : throw new JsonException("expected an array of ids");
    }

    public override void Write(Utf8JsonWriter writer, ProcessorSet value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var id in value)
            writer.WriteNumberValue(id.Value);
        writer.WriteEndArray();
    }
}

/// <summary>A ring is named <c>representative.sequence</c>.</summary>
internal sealed class RingIdJson : JsonConverter<RingId>
{
    public override RingId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.GetString() ?? "";
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && uint.TryParse(text.AsSpan(0, dot), out var node)
            && ulong.TryParse(text.AsSpan(dot + 1), out var sequence)
            ? new RingId(new ProcessorId(node), sequence)
            : throw new JsonException($"'{text}' is no ring, expected representative.sequence");
    }

    public override void Write(Utf8JsonWriter writer, RingId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>A time span is a number of seconds.</summary>
internal sealed class SecondsJson : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeSpan.FromSeconds(reader.GetDouble());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value.TotalSeconds);
}
