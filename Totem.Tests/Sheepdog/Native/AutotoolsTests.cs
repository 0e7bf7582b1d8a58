using System.Text.RegularExpressions;
using Totem.Tests.Cpg;
using Totem.Tests.Requirements;
using Totem.Tests.Tidy;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The lines that docs/how-to/sheepdog.md tells a person to type into a sheepdog tree, typed: its own lines,
/// the installed library and <c>totem.c</c>, in a tree that is built as sheepdog's is and has minisheep for the rest of
/// sheep.</summary>
public sealed partial class AutotoolsTests : IDisposable
{
    private readonly TemporaryDirectory _root = new();

    private string Tree => Path.Combine(_root.Path, "tree");

    private string Installed => Path.Combine(_root.Path, "opt");

    public void Dispose() => _root.Dispose();

    [AutotoolsFact]
    public void The_documented_lines_build_a_sheep_that_has_the_driver()
    {
        _ = SheepdogBuild.Libraries;
        NativeBuild.Run(["make", "-C", Repository.FullPath("Totem.Sheepdog.Native"), "install", $"PREFIX={Installed}"],
            NativeBuild.BuildLimit);
        MakeTree();
        File.Copy(Path.Combine(Installed, "share/totem-sheepdog/totem.c"), Path.Combine(Tree, "sheep/cluster/totem.c"));
        File.AppendAllText(Path.Combine(Tree, "sheep/Makefile.am"), "\n" + DocumentedLines());

        NativeBuild.Run(["sh", "-c", $"cd {Tree} && aclocal && autoconf && automake --add-missing --foreign"],
            NativeBuild.BuildLimit);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PKG_CONFIG_PATH"] = Path.Combine(Installed, "lib/pkgconfig"),
            ["LD_LIBRARY_PATH"] = Path.Combine(Installed, "lib"),
        };
        NativeBuild.Run(["sh", "-c", $"cd {Tree} && ./configure CFLAGS='-O0 -std=gnu99 -D_GNU_SOURCE' && make"],
            NativeBuild.BuildLimit, environment);

        var refused = Assert.Throws<InvalidOperationException>(
            () => NativeBuild.Run([Path.Combine(Tree, "sheep/sheep"), "-c", "totem:nothing=1"], environment));
        Assert.Contains("there is no 'nothing'; expected KEY=VALUE", refused.Message, StringComparison.Ordinal);
    }

    private static string DocumentedLines()
    {
        var block = MakeBlock().Match(Repository.Read("docs/how-to/sheepdog.md"));
        Assert.True(block.Success, "docs/how-to/sheepdog.md has no block of lines for make");
        return block.Groups["lines"].Value;
    }

    /// <summary>As sheepdog's own: a continued sheep_LDADD, rules behind it, and no options for libtool.</summary>
    private void MakeTree()
    {
        Directory.CreateDirectory(Path.Combine(Tree, "sheep/cluster"));
        Write("configure.ac", """
            AC_INIT([sheepdog], [1.0], [nobody@example.org])
            AM_INIT_AUTOMAKE([-Wno-portability])
            AC_PROG_CC
            AC_CONFIG_FILES([Makefile sheep/Makefile])
            AC_OUTPUT
            """);
        Write("Makefile.am", "SUBDIRS = sheep");
        Write("sheep/Makefile.am", """
            AM_CPPFLAGS = -I$(top_srcdir)/include \
                $(libcpg_CFLAGS) $(libcfg_CFLAGS)

            sbin_PROGRAMS = sheep

            sheep_SOURCES = main.c commands.c handlers.c locks.c \
                loop.c nodes.c output.c status.c

            sheep_LDADD = -lpthread -lm \
                $(libcpg_LIBS) $(libcfg_LIBS) $(LIBS)

            clean-local:
            \trm -f gmon.out
            """.Replace("\\t", "\t", StringComparison.Ordinal));
        const string minisheep = "Totem.Tests/Native/minisheep/";
        foreach (var file in Repository.Files.Where(x => x.StartsWith(minisheep, StringComparison.Ordinal)))
        {
            var name = file[minisheep.Length..];
            var target = Path.Combine(
                Tree, name.StartsWith("include/", StringComparison.Ordinal) ? name : $"sheep/{name}");
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Repository.FullPath(file), target);
        }
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(Tree, name), text + "\n");

    [GeneratedRegex("^```make\n(?<lines>.*?)^```",
        RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex MakeBlock();
}

/// <summary>A test that runs automake and builds in C.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AutotoolsFactAttribute : FactAttribute
{
    public AutotoolsFactAttribute() => Skip = Requirement.SkipUnless(
        SheepdogNativeTheoryAttribute.Missing(),
        Requirement.Command("automake", "automake"),
        Requirement.Command("autoconf", "autoconf"),
        Requirement.Command("pkg-config", "pkg-config"));
}
