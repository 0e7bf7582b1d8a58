namespace Totem.Tests.Tidy;

/// <summary>The repository's own files, as the rules about it read them.</summary>
internal static class Repository
{
    private static readonly string[] NotOurs =
        [".git", ".vs", ".idea", ".vscode", "bin", "obj", "out", "TestResults", "BenchmarkDotNet.Artifacts"];

    private static readonly string[] BinaryExtensions = [".pcap", ".png", ".gz", ".key"];

    /// <summary>The folder of <c>totem.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every file, by its path from the root with forward slashes; what builds and editors
    /// leave behind is not ours.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Walk(new DirectoryInfo(Root)).Select(x => Path.GetRelativePath(Root, x.FullName).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];

    public static IEnumerable<string> TextFiles =>
        Files.Where(x => !BinaryExtensions.Contains(Path.GetExtension(x), StringComparer.Ordinal));

    public static IEnumerable<string> SourceFiles => Files.Where(x => x.EndsWith(".cs", StringComparison.Ordinal));

    public static IEnumerable<string> ProjectFiles => Files.Where(x => x.EndsWith(".csproj", StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(FullPath(file));

    public static string[] Lines(string file) => File.ReadAllLines(FullPath(file));

    public static string FullPath(string file) => Path.Combine(Root, file);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "totem.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"totem.sln expected in a folder above {AppContext.BaseDirectory}");
    }

    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles())
        {
            if (!NotOurs.Contains(file.Name, StringComparer.Ordinal))
                yield return file;
        }

        foreach (var inner in folder.EnumerateDirectories()
            .Where(x => !NotOurs.Contains(x.Name, StringComparer.Ordinal)))
        {
            foreach (var file in Walk(inner))
                yield return file;
        }
    }
}
