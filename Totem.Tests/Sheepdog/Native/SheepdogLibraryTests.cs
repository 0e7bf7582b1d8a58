using System.Globalization;
using System.Text.RegularExpressions;
using Totem.Tests.Cpg;
using Totem.Tests.Processes;
using Totem.Tests.Tidy;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The shared library for programs in C: names, what it needs, how it is installed, and
/// what its header promises.</summary>
[Collection(RealProcesses.Name)]
public sealed partial class SheepdogLibraryTests
{
    private const string Engines = "totem_sheepdog_engine_";

    /// <summary>The runtime's own, in every library of this kind.</summary>
    private const string ForDebuggers = "DotNetRuntimeDebugHeader@";

    private const string Header = "Totem.Sheepdog.Native/Native/totem_sheepdog.h";

    [SheepdogNativeFact]
    public void It_exports_what_the_header_declares_and_nothing_else()
    {
        string[] declared =
            [.. Declaration().Matches(Repository.Read(Header)).Select(x => x.Groups["name"].Value)
                .Order(StringComparer.Ordinal)];
        Assert.Equal(15, declared.Length);
        Assert.Equal(
            declared.Select(x => $"{x}@@TOTEM_SHEEPDOG_0"), Defined("libtotem_sheepdog.so.0"), StringComparer.Ordinal);
    }

    [SheepdogNativeFact]
    public void The_engine_exports_what_the_library_asks_it_for()
        => Assert.All(
            Defined("libtotem_sheepdog_engine.so.0"),
            x => Assert.True(x.StartsWith(Engines, StringComparison.Ordinal)
                || x.StartsWith(ForDebuggers, StringComparison.Ordinal), x));

    [SheepdogNativeFact]
    public void It_needs_nothing_unknown()
    {
        Assert.Contains("soname: [libtotem_sheepdog.so.0]", Dynamic("libtotem_sheepdog.so.0"),
            StringComparison.Ordinal);
        string[] known = ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libgcc_s.so.1"];
        foreach (var library in (string[])["libtotem_sheepdog.so.0", "libtotem_sheepdog_engine.so.0"])
        {
            var needed = NeededLibrary().Matches(Dynamic(library)).Select(x => x.Groups["name"].Value);
            Assert.Empty(needed.Except(known, StringComparer.Ordinal));
        }
    }

    [SheepdogNativeFact]
    public void It_holds_what_the_header_promises()
    {
        using var state = new TemporaryDirectory();
        var said = NativeBuild.Run([SheepdogBuild.Semantics, "semantics", Driver(state)]);
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain(lines, x => !x.StartsWith("ok ", StringComparison.Ordinal) && x != "done");
        Assert.Equal("done", lines[^1]);
        Assert.True(lines.Length > 80, said);
    }

    [SheepdogNativeFact]
    public void Nothing_that_was_sent_is_lost_at_the_end()
    {
        using var state = new TemporaryDirectory();
        var said = NativeBuild.Run([SheepdogBuild.Semantics, "ends", Driver(state)]);
        Assert.DoesNotContain("not ok", said, StringComparison.Ordinal);
    }

    [SheepdogNativeFact]
    public void No_limit_of_the_process_ends_the_program_or_stops_it()
    {
        using var state = new TemporaryDirectory();
        var said = NativeBuild.Run([SheepdogBuild.Semantics, "limits", Driver(state)]);
        Assert.DoesNotContain("not ok", said, StringComparison.Ordinal);
    }

    /// <summary>One in a hundred died without a word when two threads entered the runtime first: the one of the program
    /// and the one that waits for its end.</summary>
    [SheepdogNativeFact]
    public void A_program_that_starts_does_not_die_of_its_threads()
    {
        using var state = new TemporaryDirectory();
        var said = NativeBuild.Run([SheepdogBuild.Semantics, "starts", Driver(state)]);
        Assert.DoesNotContain("not ok", said, StringComparison.Ordinal);
    }

    /// <summary>Sheep has handlers for crashes, and exits in callbacks.</summary>
    [SheepdogNativeTheory]
    [InlineData("crash", 42)]
    [InlineData("crash-in-callback", 42)]
    [InlineData("exit-in-callback", 43)]
    public void A_programs_own_end_is_as_it_was(string mode, int exitCode)
    {
        using var state = new TemporaryDirectory();
        var failure = Assert.Throws<InvalidOperationException>(
            () => NativeBuild.Run([SheepdogBuild.Semantics, mode, Driver(state)]));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"returned {exitCode}:"), failure.Message,
            StringComparison.Ordinal);
    }

    [SheepdogNativeFact]
    public void Installing_brings_all_that_a_sheepdog_tree_needs()
    {
        using var root = new TemporaryDirectory();
        _ = SheepdogBuild.Libraries;
        NativeBuild.Run(["make", "-C", Repository.FullPath("Totem.Sheepdog.Native"), "install", $"DESTDIR={root.Path}",
            "PREFIX=/opt/x"]);
        Assert.Equal(
            [
                "opt/x/include/totem_sheepdog.h", "opt/x/lib/libtotem_sheepdog.so", "opt/x/lib/libtotem_sheepdog.so.0",
                "opt/x/lib/libtotem_sheepdog_engine.so.0", "opt/x/lib/pkgconfig/totem-sheepdog.pc",
                "opt/x/share/totem-sheepdog/totem.c",
            ],
            Directory.EnumerateFiles(root.Path, "*", SearchOption.AllDirectories)
                .Select(x => Path.GetRelativePath(root.Path, x)).Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
        var described = File.ReadAllText(Path.Combine(root.Path, "opt/x/lib/pkgconfig/totem-sheepdog.pc"));
        Assert.Contains("libdir=/opt/x/lib\n", described, StringComparison.Ordinal);
        Assert.DoesNotContain("@", described, StringComparison.Ordinal);
    }

    private static string Driver(TemporaryDirectory state) => $"totem:port={Ports.TakeBase()},state={state.Path}";

    private static string[] Defined(string library)
        => [.. NativeBuild.Run(
            ["nm", "-D", "--defined-only", "--with-symbol-versions", Path.Combine(SheepdogBuild.Libraries, library)])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(x => !x.Contains(" A ", StringComparison.Ordinal))
            .Select(x => x.Split(' ')[^1]).Order(StringComparer.Ordinal)];

    private static string Dynamic(string library) =>
        NativeBuild.Run(["readelf", "-dW", Path.Combine(SheepdogBuild.Libraries, library)]);

    // At the start of a line: the example in the comment is not a declaration.
    [GeneratedRegex(
        @"^(int|const char \*)\s?(?<name>totem_sheepdog_\w+)\(",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\(NEEDED\)[^\[\n]*\[(?<name>[^\]\n]*)\]", RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex NeededLibrary();
}
