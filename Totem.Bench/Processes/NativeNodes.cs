using Totem.CommandLine;

namespace Totem.Bench.Processes;

/// <summary>The nodes as native code (Native AOT): they are as quick in their first second as in any other.</summary>
internal static class NativeNodes
{
    private const string Solution = "totem.sln";
    private const string Folder = "out/bench-nodes";
    private const int PublishSeconds = 600;

    /// <summary>Publishes them from the sources that this program was built from.</summary>
    /// <returns>The directory, as an engine of the command line may name it.</returns>
    /// <exception cref="CommandFailedException">There are no sources, or they cannot be published.</exception>
    public static string Publish(TextWriter progress)
    {
        var root = Root() ?? throw new CommandFailedException(
            ExitCode.Usage, $"native nodes are published from the sources, and {Solution} is not above "
                + $"{AppContext.BaseDirectory}; expected --nodes-as jit");
        var folder = Path.Combine(root, Folder);
        progress.WriteLine("native nodes: dotnet publish, up to a minute");
        var project = Path.Combine(root, "Totem.Bench", "Totem.Bench.csproj");
        var (code, said) = SystemCommand.TryRun(
            PublishSeconds,
            [
                "dotnet", "publish", project, "-c", "Release", "--nologo", "-v", "quiet", "-p:TotemBenchNative=true",
                "-p:RunAnalyzers=false",
                "--artifacts-path", Path.Combine(root, "out", "build-bench"), "-o", folder,
            ]);
        return code == 0 ? folder
            : throw new CommandFailedException(ExitCode.Environment, $"native nodes cannot be published: {said}");
    }

    /// <summary>Where our libcpg is: in the folder that was named, or where <c>make -C
    /// Totem.Cpg</c> builds it.</summary>
    public static string LibCpgFolder(string? named)
    {
        var folder = named is not null ? Path.GetFullPath(named)
            : Path.Combine(Root() ?? AppContext.BaseDirectory, "out", "lib");
        return File.Exists(Path.Combine(folder, "libcpg.so.4"))
            ? folder
            : throw new CommandFailedException(
                ExitCode.Usage, $"{folder} has no libcpg.so.4, expected make -C Totem.Cpg to have been run");
    }

    private static string? Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Solution)))
                return folder.FullName;
        }

        return null;
    }
}
