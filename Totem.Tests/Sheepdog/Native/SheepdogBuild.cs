using Totem.Tests.Cpg;
using Totem.Tests.Tidy;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The library for programs in C, built once a test run by its documented command, and the
/// programs that use it.</summary>
internal static class SheepdogBuild
{
    /// <summary>The language and the warnings of sheepdog's own build.</summary>
    private const string SheepFlags =
        "-D_GNU_SOURCE -D_LGPL_SOURCE -std=gnu99 -Wall -Wextra -Wshadow -Wmissing-prototypes -Wmissing-declarations "
        + "-Wstrict-prototypes -Wpointer-arith -Wwrite-strings -Wbad-function-cast -Wmissing-format-attribute "
        + "-Wformat=2 "
        + "-Wno-long-long -Wno-strict-aliasing -Wcast-align";

    private static readonly Lazy<string> Built = new(Build);
    private static readonly Lazy<string> BuiltSemantics = new(
        () => Compile("sheepdog_semantics", ["Totem.Tests/Native/sheepdog_semantics.c"]));

    // sheep/totem.c as a sheepdog tree takes it, beside a stand-in for the rest of sheep.
    private static readonly Lazy<string> BuiltMinisheep = new(() => Compile(
        "minisheep", ["sheep/totem.c", .. SourcesIn("Totem.Tests/Native/minisheep")],
        "Totem.Tests/Native/minisheep/include"));

    private static readonly Lazy<string> BuiltShutdownLoop = new(() => Compile(
        "shutdown_loop",
        ["sheep/totem.c", "Totem.Tests/Native/shutdown_loop.c", "Totem.Tests/Native/minisheep/nodes.c"],
        "Totem.Tests/Native/minisheep/include",
        "Totem.Tests/Native/minisheep"));

    /// <summary>Where the library is.</summary>
    public static string Libraries => Built.Value;

    /// <summary>The program that holds the library to its header.</summary>
    public static string Semantics => BuiltSemantics.Value;

    /// <summary>The stand-in for sheep, around <c>sheep/totem.c</c>.</summary>
    public static string Minisheep => BuiltMinisheep.Value;

    /// <summary>Sheep's event loop at a shutdown, around <c>sheep/totem.c</c>.</summary>
    public static string ShutdownLoop => BuiltShutdownLoop.Value;

    private static string Build()
    {
        NativeBuild.Run(["make", "--no-print-directory", "-C", Repository.FullPath("Totem.Sheepdog.Native")],
            NativeBuild.BuildLimit);
        return Repository.FullPath("out/lib");
    }

    private static string Compile(string name, string[] sources, params string[] includes)
    {
        var program = Repository.FullPath($"out/tests/{name}");
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        NativeBuild.Run(
            [
                "gcc", "-O1", "-g", "-Werror", .. SheepFlags.Split(' '), $"-I{Repository.FullPath("out/include")}",
                .. includes.Select(x => $"-I{Repository.FullPath(x)}"),
                .. sources.Select(Repository.FullPath), "-o", program, $"-L{Libraries}", "-ltotem_sheepdog",
                "-lpthread",
                @"-Wl,-rpath,$ORIGIN/../lib",
            ],
            NativeBuild.BuildLimit);
        return program;
    }

    private static IEnumerable<string> SourcesIn(string folder)
        => Repository.Files.Where(x => x.StartsWith($"{folder}/", StringComparison.Ordinal)
            && x.EndsWith(".c", StringComparison.Ordinal));
}
