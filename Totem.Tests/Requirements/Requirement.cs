using System.Diagnostics.CodeAnalysis;

namespace Totem.Tests.Requirements;

/// <summary>
/// The needs that a test has of the machine. Where it is missing the test is skipped with the reason; under CI it runs
/// all the same, and fails, so that nothing goes untested unnoticed.
/// </summary>
internal static class Requirement
{
    /// <summary>True when nothing may be skipped.</summary>
    public static bool IsContinuousIntegration { get; } =
        Environment.GetEnvironmentVariable("CI") is { Length: > 0 } value
        && !value.Equals("false", StringComparison.OrdinalIgnoreCase)
        && value != "0";

    /// <summary>The reason to skip, or null to run: the first requirement that does not hold,
    /// unless under CI.</summary>
    public static string? SkipUnless(params ReadOnlySpan<string?> missing)
    {
        if (IsContinuousIntegration)
            return null;
        foreach (var reason in missing)
        {
            if (reason is not null)
                return reason;
        }

        return null;
    }

    /// <summary>Why this is not root, or null when it is.</summary>
    public static string? Root() => Environment.IsPrivilegedProcess ? null : "needs root";

    /// <summary>Why this is not Linux, or null when it is.</summary>
    public static string? Linux() => OperatingSystem.IsLinux() ? null : "needs Linux";

    /// <summary>Why a command cannot be run, or null when it is on the path.</summary>
    public static string? Command(string name, string package)
        => TryFindCommand(name, out _) ? null : $"needs the command {name} (package {package})";

    /// <summary>Why a file that a package installs is not there, or null when it is.</summary>
    public static string? Installed(string path, string package) =>
        File.Exists(path) ? null : $"needs {path} (package {package})";

    /// <summary>Looks a command up on the path, and where system tools live besides.</summary>
    public static bool TryFindCommand(string name, [NotNullWhen(true)] out string? path)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"]);
        path = folders.Where(x => x.Length > 0).Select(x => Path.Combine(x, name)).FirstOrDefault(File.Exists);
        return path is not null;
    }
}
