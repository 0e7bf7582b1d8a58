namespace Totem.Tests.Processes;

/// <summary>The command <c>totem</c> as a process of its own, perhaps as another user or under a
/// restriction. It has no input, so it ends.</summary>
internal static class TotemProgram
{
    public const uint Nobody = 65534;

    /// <summary>As an ordinary user, except that it may read everything: wherever the tests were
    /// built, it finds their programs.</summary>
    public static string AsNobody =>
        $"setpriv --reuid {Nobody} --regid {Nobody} --clear-groups --inh-caps=-all,+dac_read_search "
            + "--ambient-caps=-all,+dac_read_search";

    private static string Path => System.IO.Path.Combine(AppContext.BaseDirectory, "totem");

    /// <summary>Runs it; the end of its input makes it leave.</summary>
    /// <param name="arguments">The arguments behind its name.</param>
    /// <param name="wrapper">The program that starts it, with its arguments.</param>
    public static (int ExitCode, string Said) Run(string arguments, string wrapper = "") =>
        SystemCommand.TryRun($"{wrapper} {Path} {arguments} </dev/null");
}
