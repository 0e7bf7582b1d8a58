using System.Globalization;

namespace Totem.Transport.Udp.Corosync;

/// <summary>Reads the values of one section, whose types <see cref="ConfKeys"/> has checked, and
/// tells what is wrong with them.</summary>
internal sealed class ConfReader(ConfMap map, ConfProblems problems, string path, string name)
{
    public ConfReader(ConfMap map, ConfProblems problems, string path) : this(map, problems, path, path)
    {
    }

    /// <summary>Where the section stands first; 0 when it does not.</summary>
    public int Line => map.LineOf(path);

    public ConfEntry? Find(string key) => map.Find($"{path}.{key}");

    public int LineOf(string key) => Find(key)?.Line ?? Line;

    public string? Text(string key) => Find(key)?.Text;

    public bool IsYes(string key) => Text(key) is "yes" or "on";

    /// <summary>The number, if there is one.</summary>
    public long? Number(string key) => Find(key)?.Number;

    /// <summary>The number; without one, or with 0, the default, as corosync has it.</summary>
    public long NumberOr(string key, long byDefault) => Number(key) is > 0 and var value ? value : byDefault;

    public void Wrong(string key, string expected)
    {
        problems.Add(LineOf(key), Find(key) is { } entry
            ? $"{entry.Name} is '{entry.Text}', expected {expected}{ConfSyntax.CommentHint(entry.Text)}"
            : $"{name}.{key} is missing, expected {expected}");
    }

    /// <summary>A number that is right alone and wrong here; of one that is derived the line of the
    /// section is told.</summary>
    public void TooSmall(string key, long value, long min, string unit)
        => problems.Add(LineOf(key), string.Create(
            CultureInfo.InvariantCulture, $"{name}.{key} is {value}{unit}, expected at least {min}{unit}"));
}
