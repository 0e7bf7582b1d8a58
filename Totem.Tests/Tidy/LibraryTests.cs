using System.Text.RegularExpressions;

namespace Totem.Tests.Tidy;

/// <summary>A library is a guest in its process (docs/how-to/libcpg.md, "How it is put together").</summary>
public sealed partial class LibraryTests
{
    private static readonly string[] Libraries =
        [
            "Totem.Core/", "Totem.Platform/", "Totem.Transport.Knet/", "Totem.Transport.Udp/", "Totem.Sheepdog/",
            "Totem.Sheepdog.Native/",
            "Totem.Cpg/", "Totem.Accord/", "Totem.Accord.Server/",
        ];

    /// <summary>The first use of the console, or of a signal's registration, replaces the program's
    /// handlers of several signals.</summary>
    [Fact]
    public void No_library_takes_hold_of_what_is_the_programs()
    {
        var files = Repository.SourceFiles.Where(x =>
            Array.Exists(Libraries, library => x.StartsWith(library, StringComparison.Ordinal))).ToArray();
        Assert.True(files.Length > 100, $"{files.Length} files; the search finds too little");
        Assert.Matches(TakesHold(), "Console.Error.WriteLine(text);");
        foreach (var file in files)
            Assert.DoesNotMatch(TakesHold(), Comment().Replace(Repository.Read(file), ""));
    }

    [GeneratedRegex(
        @"\bConsole\.|\bPosixSignalRegistration\b|\bEnvironment\.(Exit|SetEnvironmentVariable|CurrentDirectory)\b"
        + @"|\bSetCurrentDirectory\b|\bCultureInfo\.\w+Culture\s*=(?!=)",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex TakesHold();

    [GeneratedRegex("//.*", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Comment();
}
