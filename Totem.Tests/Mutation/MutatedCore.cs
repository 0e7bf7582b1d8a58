using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Totem.Tests.Mutation;

/// <summary>
/// Totem.Core compiled from its source with one line changed, under a simulator that believes it is the real one. So
/// the product needs no switch for tests to break it by.
/// </summary>
internal sealed class MutatedCore : AssemblyLoadContext
{
    private const string Preamble = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        [assembly: System.Runtime.CompilerServices.InternalsVisibleTo("Totem.Simulation")]
        [assembly: System.Runtime.CompilerServices.InternalsVisibleTo("Totem.Transport.Knet")]

        """;

    private readonly byte[]? _core;
    private readonly byte[]? _knet;
    private readonly object _runner;
    private readonly MethodInfo _run;
    private readonly MethodInfo _runScript;
    private readonly MethodInfo _parse;
    private readonly MethodInfo _groupModel;
    private readonly MethodInfo _drawGroups;
    private readonly MethodInfo _drawPairCut;
    private readonly MethodInfo _drawKnet;
    private readonly MethodInfo _runText;

    private MutatedCore(byte[]? core, byte[]? knet = null)
        : base(isCollectible: true)
    {
        (_core, _knet) = (core, knet);
        var simulation = LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, "Totem.Simulation.dll"));
        var runner = simulation.GetType("Totem.Simulation.Scenarios.ScenarioRunner", throwOnError: true)!;
        _runner = Activator.CreateInstance(runner)!;
        _run = runner.GetMethod("Run", [typeof(ulong)])!;
        var script = simulation.GetType("Totem.Simulation.Faults.FaultScript", throwOnError: true)!;
        _runScript = runner.GetMethod("Run", [script])!;
        var generator = simulation.GetType("Totem.Simulation.Scenarios.ScenarioGenerator", throwOnError: true)!;
        _drawGroups = generator.GetMethod("DrawGroups")!;
        _runText = simulation.GetType("Totem.Simulation.Scenarios.TextScenario", throwOnError: true)!
            .GetMethod("Run", BindingFlags.Public | BindingFlags.Static)!;
        _drawPairCut = generator.GetMethod("DrawPairCut")!;
        _drawKnet = generator.GetMethod("DrawKnet")!;
        _groupModel =
            simulation.GetType("Totem.Simulation.Groups.GroupModel", throwOnError: true)!.GetMethod("FirstBroken")!;
        _parse = script.GetMethod("Parse", [typeof(string), typeof(string)])!;
    }

    /// <summary>Compiles the core with a mutant; null compiles it as it is.</summary>
    public static MutatedCore Compile(Mutant? mutant)
    {
        var found = 0;
        var core = Compile((file, text) =>
        {
            if (file != mutant?.File)
                return text;
            found = text.Split(mutant.Find).Length - 1;
            return text.Replace(mutant.Find, mutant.Replace, StringComparison.Ordinal);
        });
        Assert.True(mutant is null || found == 1,
            $"The mutant \"{mutant?.Name}\" no longer fits: its text stands {found} times in {mutant?.File}, "
                + "expected once.");
        return core;
    }

    /// <summary>Compiles kronosnet with a mutant, and leaves the core as it is.</summary>
    public static MutatedCore CompileKnet(Mutant mutant)
    {
        var found = 0;
        var trees = Parse("Totem.Transport.Knet", (file, text) =>
        {
            if (file != mutant.File)
                return text;
            found = text.Split(mutant.Find).Length - 1;
            return text.Replace(mutant.Find, mutant.Replace, StringComparison.Ordinal);
        });
        Assert.True(found == 1,
            $"The mutant \"{mutant.Name}\" no longer fits: its text stands {found} times in {mutant.File}, "
                + "expected once.");
        return new MutatedCore(
            core: null, Emit("Totem.Transport.Knet", trees, Path.Combine(AppContext.BaseDirectory, "Totem.Core.dll")));
    }

    /// <summary>Compiles the core with every file as this function changes it, and more source beside it.</summary>
    public static MutatedCore Compile(Func<string, string, string> change, string added = "") =>
        new(Emit("Totem.Core", Parse("Totem.Core", change, added)));

    private static List<SyntaxTree> Parse(string project, Func<string, string, string> change, string added = "")
    {
        var folder = Path.Combine(Root(), project);
        var trees = new List<SyntaxTree> { CSharpSyntaxTree.ParseText(Preamble + added, Options) };
        foreach (var path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
        {
            var relative = Path.GetRelativePath(folder, path).Replace('\\', '/');
            if (relative.StartsWith("obj/", StringComparison.Ordinal)
                || relative.StartsWith("bin/", StringComparison.Ordinal))
                continue;
            trees.Add(CSharpSyntaxTree.ParseText(change(relative, File.ReadAllText(path)), Options, path));
        }

        return trees;
    }

    /// <summary>A type of the core as it was compiled here.</summary>
    public Type Type(string name) =>
        LoadFromAssemblyName(new AssemblyName("Totem.Core")).GetType(name, throwOnError: true)!;

    /// <summary>Runs one scenario; the rule it breaks, or null.</summary>
    public string? BrokenRule(ulong seed) => Rule(_run.Invoke(_runner, [seed])!);

    /// <summary>Runs one script; the rule it breaks, or null.</summary>
    public string? BrokenRule(string script) =>
        Rule(_runScript.Invoke(_runner, [_parse.Invoke(null, [script, "script"])])!);

    /// <summary>Runs one scenario on kronosnet; the rule it breaks, or null.</summary>
    public string? BrokenKnetRule(ulong seed) =>
        Rule(_runScript.Invoke(_runner, [_drawKnet.Invoke(null, [seed, null, null])])!);

    /// <summary>Runs one scenario with groups; the rule it breaks, or null.</summary>
    public string? BrokenGroupRule(ulong seed) => Rule(RunGroups(seed));

    /// <summary>Runs one scenario; the rule it breaks, or null, and the digest of all that was sent
    /// and delivered.</summary>
    public (string? Rule, ulong Digest) Outcome(SweepScenario scenario)
    {
        var result = scenario.Kind switch
        {
            ScenarioKind.Groups => RunGroups(scenario.Seed),
            ScenarioKind.PairCut => RunPairCut(scenario.Seed),
            _ => _run.Invoke(_runner, [scenario.Seed])!,
        };
        return (Rule(result), (ulong)result.GetType().GetProperty("Digest")!.GetValue(result)!);
    }

    /// <summary>Runs a text scenario; the text with the transcripts as this core gives them.</summary>
    public string Transcript(string text, string name) => (string)_runText.Invoke(null, [text, name])!;

    /// <summary>The first promise about groups that is broken in a small exploration; null when none is.</summary>
    public string? BrokenGroupPromise() => (string?)_groupModel.Invoke(null, null);

    // 3 to 14 processors in turn.
    private object RunPairCut(ulong seed) =>
        _runScript.Invoke(_runner, [_drawPairCut.Invoke(null, [seed, 3 + (int)(seed % 12), null])])!;

    private object RunGroups(ulong seed) => _runScript.Invoke(_runner, [_drawGroups.Invoke(null, [seed, null, null])])!;

    private static string? Rule(object result) => (string?)result.GetType().GetProperty("Rule")!.GetValue(result);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // Kronosnet as it is must meet the core that was compiled here.
        var image = assemblyName.Name switch { "Totem.Core" => _core, "Totem.Transport.Knet" => _knet, _ => null };
        if (image is null)
            return assemblyName.Name is "Totem.Core" or "Totem.Transport.Knet"
                ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll")) : null;
        using var stream = new MemoryStream(image);
        return LoadFromStream(stream);
    }

    private static CSharpParseOptions Options { get; } = new(LanguageVersion.Latest);

    private static byte[] Emit(string name, List<SyntaxTree> trees, params string[] references)
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(x => Path.GetFileName(x).StartsWith("System.", StringComparison.Ordinal)
                || Path.GetFileName(x) is "mscorlib.dll" or "netstandard.dll");
        var compilation = CSharpCompilation.Create(
            name, trees, platform.Concat(references).Select(x => MetadataReference.CreateFromFile(x)),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release,
                nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join(Environment.NewLine,
            result.Diagnostics.Where(x => x.Severity == DiagnosticSeverity.Error).Take(5)));
        return image.ToArray();
    }

    private static string Root([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", ".."));
}
