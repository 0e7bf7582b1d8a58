namespace Totem.Cli.Demos;

/// <summary>Where a run's processes leave their traces and ring sequences.</summary>
internal sealed class TraceFolder
{
    /// <summary>Creates the folder; traces of an earlier run in it are removed, so that they do not mix.</summary>
    public TraceFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        Directory.CreateDirectory(Path);
        foreach (var old in TraceFiles)
            File.Delete(old);
        foreach (var old in Directory.EnumerateDirectories(Path, "state-*"))
            Directory.Delete(old, recursive: true);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Every trace that is there, in the order of nodes and lives.</summary>
    public IReadOnlyList<string> TraceFiles =>
        [.. Directory.EnumerateFiles(Path, "node-*.trace").Order(StringComparer.Ordinal)];

    /// <summary>The trace of one life of a node.</summary>
    public string TraceOf(uint node, int incarnation) =>
        System.IO.Path.Combine(Path, $"node-{node:00}-life-{incarnation:00}.trace");

    /// <summary>A node's stable storage, the same for all its lives.</summary>
    public string StateOf(uint node)
    {
        var path = System.IO.Path.Combine(Path, $"state-{node}");
        Directory.CreateDirectory(path);
        return path;
    }
}
