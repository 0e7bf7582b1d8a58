using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Totem.Simulation.Traces;

/// <summary>
/// The JSON form of one event, reader and writer. Rings and messages are strings as they print (<c>1.8</c>,
/// <c>1#1/17</c>), hashes are hexadecimal strings because JSON numbers lose bits in many hands.
/// </summary>
internal static class TraceLine
{
    private static readonly string[] Kinds = ["start", "install", "send", "deliver", "fail"];
    private static readonly string[] Guarantees = ["agreed", "safe"];
    private static readonly string[] ConfigurationKinds = ["regular", "transitional"];

    /// <summary>Writes one object, without a line feed.</summary>
    public static void Write(Utf8JsonWriter json, TraceEvent traceEvent)
    {
        json.WriteStartObject();
        json.WriteString("event"u8, Kinds[(int)traceEvent.Kind]);
        json.WriteNumber("node"u8, traceEvent.Processor.Value);
        json.WriteNumber("life"u8, traceEvent.Incarnation);
        json.WriteNumber("ticks"u8, traceEvent.TimeTicks);
        if (traceEvent.Kind == TraceEventKind.Install)
            WriteConfiguration(json, traceEvent.Configuration!);
        if (traceEvent.Kind is TraceEventKind.Send or TraceEventKind.Deliver)
        {
            json.WriteString("message"u8, traceEvent.Message.ToString());
            json.WriteString("guarantee"u8, Guarantees[(int)traceEvent.Guarantee]);
            json.WriteString("hash"u8, traceEvent.PayloadHash.ToString("x16", CultureInfo.InvariantCulture));
            json.WriteString("ring"u8, traceEvent.Ring.ToString());
        }

        json.WriteEndObject();
    }

    /// <summary>Reads one line.</summary>
    /// <exception cref="FormatException">It is not an event; the message says what was expected.</exception>
    public static TraceEvent Parse(ReadOnlySpan<byte> line)
    {
        var fields = default(Fields);
        try
        {
            var json = new Utf8JsonReader(line);
            Expect(json.Read() && json.TokenType == JsonTokenType.StartObject, "an object");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
                ReadField(ref json, ref fields);
            Expect(!json.Read(), "nothing after the object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException($"JSON expected: {e.Message}", e);
        }

        return fields.ToEvent();
    }

    private static void WriteConfiguration(Utf8JsonWriter json, Configuration configuration)
    {
        json.WriteString("kind"u8, ConfigurationKinds[(int)configuration.Kind]);
        json.WriteString("ring"u8, configuration.Ring.ToString());
        json.WriteString("previous"u8, configuration.PreviousRing.ToString());
        json.WriteStartArray("members"u8);
        foreach (var member in configuration.Members.AsSpan())
            json.WriteNumberValue(member.Value);
        json.WriteEndArray();
    }

    private static void ReadField(ref Utf8JsonReader json, ref Fields fields)
    {
        var name = json.GetString()!;
        json.Read();
        switch (name)
        {
            case "event": Set(ref fields.Kind, (TraceEventKind)Choice(ref json, name, Kinds), name); break;
            case "node": Set(ref fields.Node, Node(ref json, name), name); break;
            case "life": Set(ref fields.Life, Life(ref json), name); break;
            case "ticks": Set(ref fields.Ticks, Ticks(ref json), name); break;
            case "kind": Set(ref fields.ConfigurationKind,
                (ConfigurationKind)Choice(ref json, name, ConfigurationKinds), name); break;
            case "ring": Set(ref fields.Ring, Ring(ref json, name), name); break;
            case "previous": Set(ref fields.Previous, Ring(ref json, name), name); break;
            case "message": Set(ref fields.Message, Message(ref json), name); break;
            case "guarantee": Set(ref fields.Guarantee, (Guarantee)Choice(ref json, name, Guarantees), name); break;
            case "hash": Set(ref fields.Hash, Hash(ref json), name); break;
            case "members":
                Expect(fields.Members is null, "members once");
                fields.Members = Members(ref json);
                break;
            default: throw new FormatException($"unknown field {name}");
        }
    }

    private static void Set<T>(ref T? field, T value, string name)
        where T : struct
    {
        Expect(field is null, $"{name} once");
        field = value;
    }

    private static int Choice(ref Utf8JsonReader json, string name, string[] choices)
    {
        var choice = json.TokenType == JsonTokenType.String ? Array.IndexOf(choices, json.GetString()) : -1;
        Expect(choice >= 0, $"{name}: one of {string.Join(", ", choices)}");
        return choice;
    }

    private static ProcessorId Node(ref Utf8JsonReader json, string name)
    {
        uint id = 0;
        Expect(json.TokenType == JsonTokenType.Number && json.TryGetUInt32(out id) && id != 0, $"{name}: a node id "
            + "from 1 to 4294967295");
        return new ProcessorId(id);
    }

    private static int Life(ref Utf8JsonReader json)
    {
        var life = 0;
        Expect(
            json.TokenType == JsonTokenType.Number && json.TryGetInt32(out life) && life > 0, "life: a number from 1");
        return life;
    }

    private static long Ticks(ref Utf8JsonReader json)
    {
        long ticks = 0;
        Expect(json.TokenType == JsonTokenType.Number && json.TryGetInt64(out ticks), "ticks: a number of 100 ns");
        return ticks;
    }

    private static RingId Ring(ref Utf8JsonReader json, string name)
    {
        var text = Text(ref json);
        var dot = text.IndexOf((byte)'.');
        ulong sequence = 0;
        uint representative = 0;
        Expect(
            dot > 0 && TryWhole(text[..dot], out representative) && TryWhole(text[(dot + 1)..], out sequence),
            $"{name}: a ring id like 1.8");
        return new RingId(new ProcessorId(representative), sequence);
    }

    private static MessageId Message(ref Utf8JsonReader json)
    {
        var text = Text(ref json);
        var hash = text.IndexOf((byte)'#');
        var slash = text.IndexOf((byte)'/');
        uint sender = 0;
        uint life = 0;
        ulong number = 0;
        Expect(
            hash > 0 && slash > hash && TryWhole(text[..hash], out sender)
                && TryWhole(text[(hash + 1)..slash], out life)
                && TryWhole(text[(slash + 1)..], out number) && life <= int.MaxValue && number <= long.MaxValue,
            "message: a message id like 1#1/17");
        return new MessageId(new ProcessorId(sender), (int)life, (long)number);
    }

    private static ulong Hash(ref Utf8JsonReader json)
    {
        var text = Text(ref json);
        ulong hash = 0;
        Expect(
            text.Length == 16 && Utf8Parser.TryParse(text, out hash, out var used, 'x') && used == text.Length,
            "hash: 16 hexadecimal digits");
        return hash;
    }

    private static ProcessorSet Members(ref Utf8JsonReader json)
    {
        Expect(json.TokenType == JsonTokenType.StartArray, "members: a list of node ids");
        var members = new List<ProcessorId>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            members.Add(Node(ref json, "members"));
            Expect(members.Count <= ProcessorSet.MaxCount, $"members: at most {ProcessorSet.MaxCount}");
        }

        Expect(members.Count > 0, "members: at least one");
        return ProcessorSet.Of([.. members]);
    }

    private static bool TryWhole(ReadOnlySpan<byte> text, out uint value) =>
        Utf8Parser.TryParse(text, out value, out var used) && used == text.Length;

    private static bool TryWhole(ReadOnlySpan<byte> text, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out var used) && used == text.Length;

    private static ReadOnlySpan<byte> Text(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.String ? Encoding.UTF8.GetBytes(json.GetString()!) : [];

    private static void Expect(bool condition, string expected)
    {
        if (!condition)
            throw new FormatException($"expected {expected}");
    }

    private struct Fields
    {
        public TraceEventKind? Kind;
        public ProcessorId? Node;
        public int? Life;
        public long? Ticks;
        public ConfigurationKind? ConfigurationKind;
        public RingId? Ring;
        public RingId? Previous;
        public ProcessorSet? Members;
        public MessageId? Message;
        public Guarantee? Guarantee;
        public ulong? Hash;

        public readonly TraceEvent ToEvent()
        {
            var isInstall = Kind == TraceEventKind.Install;
            var isMessage = Kind is TraceEventKind.Send or TraceEventKind.Deliver;
            Demand(true, Kind is not null, "event");
            Demand(true, Node is not null, "node");
            Demand(true, Life is not null, "life");
            Demand(true, Ticks is not null, "ticks");
            Demand(isInstall, ConfigurationKind is not null, "kind");
            Demand(isInstall, Previous is not null, "previous");
            Demand(isInstall, Members is not null, "members");
            Demand(isInstall || isMessage, Ring is not null, "ring");
            Demand(isMessage, Message is not null, "message");
            Demand(isMessage, Guarantee is not null, "guarantee");
            Demand(isMessage, Hash is not null, "hash");
            var configuration = isInstall
                ? new Configuration(ConfigurationKind!.Value, Ring!.Value, Previous!.Value, Members!)
                : null;
            return new TraceEvent(
                Kind!.Value, Node!.Value, Life!.Value, Ticks!.Value, configuration, Message ?? default,
                Guarantee ?? default,
                Hash ?? 0, isMessage ? Ring!.Value : default);
        }

        private readonly void Demand(bool isWanted, bool isThere, string name)
        {
            if (isWanted && !isThere)
                throw new FormatException($"expected the field {name}");
            if (!isWanted && isThere)
                throw new FormatException($"no field {name} expected in an event of kind {Kinds[(int)Kind!.Value]}");
        }
    }
}
