using System.Diagnostics;
using Totem.Tests.Requirements;
using Totem.Tests.Tidy;

namespace Totem.Tests.Wireshark;

/// <summary>Runs a program of Wireshark with a home of its own: no plugin or preference of whoever
/// runs the tests.</summary>
internal static class WiresharkProgram
{
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private static readonly Lazy<string> HomeWithPlugin = new(() =>
    {
        var home = Path.Combine(AppContext.BaseDirectory, "wireshark-home");
        var plugins = Directory.CreateDirectory(Path.Combine(home, ".local", "lib", "wireshark", "plugins"));
        File.Copy(Script, Path.Combine(plugins.FullName, "totem.lua"), overwrite: true);
        return home;
    });

    public static string Script => Repository.FullPath("docs/how-to/wireshark/totem.lua");

    /// <summary>Runs it to its end.</summary>
    /// <param name="command">tshark or sharkd.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="isInstalled">True when our dissector lies in the personal plugin folder, as the
    /// README has it.</param>
    /// <param name="input">The text that it reads from its standard input.</param>
    /// <returns>Its output. A failure, or any mention of Lua among its errors, fails the test.</returns>
    public static async Task<string> RunAsync(
        string command, IEnumerable<string> arguments, bool isInstalled, string input = "")
    {
        Assert.True(Requirement.TryFindCommand(command, out var path), $"needs the command {command} (package tshark)");
        var info = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
                RedirectStandardError = true,
        };
        var home = isInstalled ? HomeWithPlugin.Value : Path.Combine(AppContext.BaseDirectory, "wireshark-empty-home");
        info.Environment["HOME"] = home;
        info.Environment["WIRESHARK_CONFIG_DIR"] = Path.Combine(home, "configuration");

        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        Assert.True(process.ExitCode == 0, $"{command} returned {process.ExitCode}: {await errors}");
        Assert.DoesNotContain("lua", await errors, StringComparison.OrdinalIgnoreCase);
        return await output;
    }
}
