using System.Globalization;

namespace Totem.Simulation.Faults;

/// <summary>One line of a script: a verb, at most one bare word, and <c>name=value</c> pairs.
/// Errors name the line.</summary>
internal sealed class ScriptLine
{
    private readonly string _where;
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly string? _word;
    private bool _wordUsed;

    public ScriptLine(string text, string where)
    {
        _where = where;
        var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Verb = parts.Length == 0 ? throw Error("an empty line, expected a command") : parts[0];
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && _word is null)
                _word = part;
            else if (equals < 0)
                throw Error($"'{part}' after '{_word}', expected name=value");
            else if (!_values.TryAdd(part[..equals], part[(equals + 1)..]))
                throw Error($"'{part[..equals]}' is given twice");
        }
    }

    public string Verb { get; }

    /// <summary>The word without a name.</summary>
    public string Word(string expected)
    {
        _wordUsed = true;
        return _word ?? throw Error($"nothing after '{Verb}', expected {expected}");
    }

    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Every name=value pair that is left, for lines whose names are not fixed.</summary>
    public IEnumerable<KeyValuePair<string, string>> TakeAll()
    {
        _used.UnionWith(_values.Keys);
        return _values;
    }

    public ProcessorId Node(string name) =>
        Optional(name) is { } text ? NodeOf(name, text) : throw Missing(name, "a processor id");

    /// <summary>Nobody, meaning everybody, when it is absent or <c>*</c>.</summary>
    public ProcessorId NodeOrAll(string name) =>
        Optional(name) is { } text && text != "*" ? NodeOf(name, text) : ProcessorId.None;

    public ProcessorSet Nodes(string name) => NodesOf(Optional(name) ?? throw Missing(name, "processor ids"));

    public ProcessorSet NodesOf(string text)
    {
        var ids = text.Split(',').Select(x => NodeOf("list", x)).ToArray();
        if (ids.Length > ProcessorSet.MaxCount || ids.Distinct().Count() != ids.Length)
            throw Error($"'{text}', expected at most {ProcessorSet.MaxCount} processors, each once");
        return ProcessorSet.Of(ids);
    }

    public TimeSpan Duration(string name, TimeSpan? otherwise = null) =>
        Optional(name) is { } text ? DurationOf(text) : otherwise ?? throw Missing(name, "a duration like 5ms");

    public TimeSpan DurationOf(string text) =>
        ScriptText.TryDuration(text, out var value) ? value
            : throw Error($"'{text}', expected a duration like 250us, 12.5ms or 2s");

    public double Rate(string name, double? otherwise = null)
    {
        if (Optional(name) is not { } text)
            return otherwise ?? throw Missing(name, "a rate from 0 to 1");
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value is >= 0 and <= 1
            ? value
            : throw Error($"{name}={text}, expected a rate from 0 to 1");
    }

    public int Int(string name, int low, int high, int? otherwise = null)
    {
        if (Optional(name) is not { } text)
            return otherwise ?? throw Missing(name, $"a number from {low} to {high}");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= low
            && value <= high
            ? value
            : throw Error($"{name}={text}, expected a number from {low} to {high}");
    }

    public T Enum<T>(string name, T? otherwise = null)
        where T : struct, Enum
    {
        if (Optional(name) is not { } text)
            return otherwise ?? throw Missing(name, Expected<T>());
        return System.Enum.TryParse<T>(text, ignoreCase: true, out var value) && System.Enum.IsDefined(value)
            ? value
            : throw Error($"{name}={text}, expected {Expected<T>()}");
    }

    public string? Optional(string name)
    {
        _used.Add(name);
        return _values.GetValueOrDefault(name);
    }

    /// <summary>Complains about whatever nobody asked for.</summary>
    public void Finish()
    {
        if (_word is not null && !_wordUsed)
            throw Error($"'{_word}' after '{Verb}', expected name=value or nothing");
        foreach (var name in _values.Keys)
        {
            if (!_used.Contains(name))
                throw Error($"'{Verb}' knows no '{name}', expected "
                    + $"{(_used.Count == 0 ? "nothing" : string.Join(", ", _used))}");
        }
    }

    public FormatException Error(string problem) => new($"{_where}: {problem}");

    public ulong ULongOf(string name, string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Error($"{name}={text}, expected a number of up to 64 bits");

    public ProcessorId NodeOf(string name, string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0
            ? new ProcessorId(value)
            : throw Error($"{name}={text}, expected a processor id from 1 up");

    private FormatException Missing(string name, string expected) =>
        Error($"'{Verb}' without {name}=, expected {expected}");

    private static string Expected<T>()
        where T : struct, Enum => string.Join(", ", System.Enum.GetNames<T>());
}
