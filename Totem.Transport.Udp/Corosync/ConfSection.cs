namespace Totem.Transport.Udp.Corosync;

/// <summary>A <c>key: value</c> line.</summary>
internal sealed record ConfEntry(string Key, string Value, int Line);

/// <summary>A <c>name { … }</c> block, or the whole file (then without a name).</summary>
internal sealed class ConfSection(string name, int line)
{
    public string Name { get; } = name;

    public int Line { get; } = line;

    public List<ConfEntry> Entries { get; } = [];

    public List<ConfSection> Sections { get; } = [];

    public IEnumerable<ConfSection> Named(string name) => Sections.Where(section => section.Name == name);
}
