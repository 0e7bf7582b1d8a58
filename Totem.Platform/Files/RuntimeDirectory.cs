using System.Globalization;
using System.Runtime.Versioning;

namespace Totem.Platform.Files;

/// <summary>Where this user's processes keep what is worth nothing after the host's next start.</summary>
public static class RuntimeDirectory
{
    /// <summary>Of root, where nobody else can make a name first.</summary>
    [SupportedOSPlatform("linux")]
    private const string OfRoot = "/run/totem";

    /// <summary>The same for all processes of a user as far as the environment allows.</summary>
    public static string Path
    {
        get
        {
            var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            if (!OperatingSystem.IsLinux())
                return string.IsNullOrEmpty(runtime) ? InTemporary(Environment.UserName)
                    : System.IO.Path.Combine(runtime, "totem");
            if (LinuxFile.EffectiveUser() is not 0 and var user)
                return IsOurs(runtime, user) ? System.IO.Path.Combine(runtime!, "totem")
                    : InTemporary(user.ToString(CultureInfo.InvariantCulture));
            return OfRoot;
        }
    }

    /// <summary>A directory whose name does not depend on the session that a process was started
    /// in, for those who must meet in it.</summary>
    [SupportedOSPlatform("linux")]
    public static string ForMeeting(string name) => LinuxFile.EffectiveUser() is not 0 and var user
        ? System.IO.Path.Combine(
            System.IO.Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"totem-{name}-{user}"))
        : System.IO.Path.Combine(OfRoot, name);

    private static string InTemporary(string user) =>
        System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"totem-{user}");

    /// <summary>A program that changed its user has kept the variables of the other.</summary>
    [SupportedOSPlatform("linux")]
    private static bool IsOurs(string? runtime, uint user)
    {
        try
        {
            return !string.IsNullOrEmpty(runtime) && LinuxFile.TryStatus(runtime)?.User == user;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
