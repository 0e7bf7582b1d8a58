using System.Diagnostics;
using Totem.Cli.Output;
using Totem.Cli.Workers;
using Totem.Tests.Transport;

namespace Totem.Tests.Cli;

/// <summary>The line that a long command shows meanwhile, and the output of its children.</summary>
public sealed class ProgressLineTests
{
    [Theory]
    [InlineData(80)]
    [InlineData(40)]
    [InlineData(12)]
    [InlineData(1)]
    public void A_live_line_never_reaches_the_last_column(int width)
    {
        using var output = new StringWriter();
        using (var progress = new ProgressLine(output, isLive: true, () => width))
            progress.Update(() => string.Join("  ", Enumerable.Range(1, 14).Select(x => $"{x}:12345")));
        var shown = output.ToString().Split('\r')[0];
        Assert.InRange(shown.Length, 0, Math.Max(1, width - 1));
        Assert.EndsWith("…", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_too_wide_is_said_in_short()
    {
        using var output = new StringWriter();
        using (var progress = new ProgressLine(output, isLive: true, () => 80))
            progress.Update(() => new string('x', 80), () => "14 nodes");
        Assert.EndsWith(" s  14 nodes", output.ToString().Split('\r')[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_escapes_are_obeyed_none_are_written()
    {
        using var output = new StringWriter();
        using (var progress = new ProgressLine(output, isLive: false))
        {
            progress.Update(() => "meanwhile");
            progress.Step("done");
        }

        Assert.DoesNotContain("\u001b", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(" s  done" + Environment.NewLine, output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dumb", false, false)]
    [InlineData("dumb", true, false)]
    [InlineData("", false, false)]
    [InlineData(null, false, false)]
    [InlineData(null, true, true)]
    [InlineData("xterm-256color", false, true)]
    public void A_dumb_terminal_is_none(string? term, bool isWindows, bool isCapable) =>
        Assert.Equal(isCapable, Terminal.IsCapable(term, isWindows));

    /// <summary>A runtime that is killed leaves its debugger's pipes in the temporary directory.</summary>
    [Fact]
    public void A_child_that_is_killed_leaves_no_pipes()
    {
        using var temporary = new TemporaryDirectory();
        using var state = new TemporaryDirectory();
        var launch = new WorkerLaunch(1,
            ["--id", "1", "--port", $"{Ports.TakeBase()}", "--incarnation", "1", "--state", state.Path], Wrapper: []);
        var info = launch.ToStartInfo();
        info.Environment["TMPDIR"] = temporary.Path;
        using var child = Process.Start(info)!;
        // By then all of the runtime is up.
        Assert.Contains("started", child.StandardOutput.ReadLine(), StringComparison.Ordinal);
        child.Kill();
        child.WaitForExit();
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path));
    }
}
