using System.Runtime.Versioning;
using Totem.Platform.Files;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The option string of the driver <c>local</c> says: <c>[PATH]</c>. Immutable.</summary>
/// <param name="Path">The directory that the sheep of one cluster share.</param>
[SupportedOSPlatform("linux")]
internal sealed record LocalOptions(string Path)
{
    public const string Syntax = "expected local[:PATH], the absolute path of a directory that the sheep of one "
        + "cluster share; default ";

    /// <summary>One for each user, since nobody else may write in it.</summary>
    public static string DefaultPath => RuntimeDirectory.ForMeeting("sheepdog");

    /// <exception cref="ClusterDriverException">It says something else.</exception>
    public static LocalOptions Parse(string? text)
    {
        if (text is null)
            return new LocalOptions(DefaultPath);
        // Sheep changes to the root before it gets here, so a relative path would mean something
        // else than what was typed.
        if (!System.IO.Path.IsPathFullyQualified(text) || text.Contains('\0', StringComparison.Ordinal))
            throw new ClusterDriverException($"'{text}' is no absolute path; {Syntax}{DefaultPath}");
        return new LocalOptions(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(text)));
    }
}
