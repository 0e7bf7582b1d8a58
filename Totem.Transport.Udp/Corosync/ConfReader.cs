using System.Globalization;
using System.Net;

namespace Totem.Transport.Udp.Corosync;

/// <summary>
/// Reads the typed values of one section. It remembers which keys were asked for: what remains at the end is unknown.
/// A key that stands twice counts with its last value, as in corosync.
/// </summary>
internal sealed class ConfReader(ConfSection section, ConfProblems problems)
{
    /// <summary>An hour: what is longer is another unit.</summary>
    public const int MillisecondsMax = 3_600_000;

    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public ConfSection Section => section;

    public int LineOf(string key) => Find(key)?.Line ?? section.Line;

    public string? Text(string key) => Find(key)?.Value;

    public int? Number(string key, int min, int max)
    {
        if (Find(key) is not { } entry)
            return null;
        if (int.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
            return value;
        Wrong(entry, string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));
        return null;
    }

    /// <summary>A number that may have a sign.</summary>
    public int? Integer(string key, int min, int max, string expected)
    {
        if (Find(key) is not { } entry)
            return null;
        if (int.TryParse(entry.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
            return value;
        Wrong(entry, expected);
        return null;
    }

    public TimeSpan? Milliseconds(string key, int min)
        => Number(key, min, MillisecondsMax) is { } value ? TimeSpan.FromMilliseconds(value) : null;

    public uint? NodeId(string key)
    {
        if (Find(key) is not { } entry)
            return null;
        if (uint.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value != 0)
            return value;
        Wrong(entry, "a node id from 1 to 4294967295");
        return null;
    }

    public bool? YesNo(string key) => OneOf(key, "yes", "no", "on", "off", "1", "0") switch
    {
        "yes" or "on" or "1" => true,
        null => null,
        _ => false,
    };

    public string? OneOf(string key, params ReadOnlySpan<string> values)
    {
        if (Find(key) is not { } entry)
            return null;
        foreach (var value in values)
        {
            if (value == entry.Value)
                return value;
        }

        Wrong(entry, string.Join(", ", values.ToArray()));
        return null;
    }

    public IPAddress? Address(string key)
    {
        if (Find(key) is not { } entry)
            return null;
        if (IPAddress.TryParse(entry.Value, out var address))
            return address;
        Wrong(entry, "an IP address");
        return null;
    }

    /// <summary>Keys that are right to stand here but change nothing for us.</summary>
    public void Accept(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
            _known.Add(key);
    }

    public IEnumerable<ConfEntry> Unknown() => section.Entries.Where(entry => !_known.Contains(entry.Key));

    public void Wrong(string key, string expected)
    {
        if (Find(key) is { } entry)
            Wrong(entry, expected);
        else
            problems.Add(section.Line, $"{Name(key)} is missing, expected {expected}");
    }

    private ConfEntry? Find(string key)
    {
        _known.Add(key);
        return section.Entries.FindLast(entry => entry.Key == key);
    }

    private void Wrong(ConfEntry entry, string expected)
        => problems.Add(entry.Line, $"{Name(entry.Key)} is '{entry.Value}', expected {expected}");

    private string Name(string key) => section.Name.Length == 0 ? key : $"{section.Name}.{key}";
}
