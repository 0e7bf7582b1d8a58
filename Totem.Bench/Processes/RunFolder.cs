using System.Globalization;
using System.Runtime.Versioning;
using Totem.Platform.Files;

namespace Totem.Bench.Processes;

/// <summary>
/// The files of a command, removed with this object. The remains of a killed command are removed by the next one, which
/// knows them by the process id in their names.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string Prefix = "totem-bench-";

    private readonly DirectoryInfo _folder;
    private int _created;

    /// <summary>Makes the folder.</summary>
    public RunFolder()
    {
        foreach (var folder in Directory.GetDirectories(Path.GetTempPath(), $"{Prefix}*-*"))
        {
            if (int.TryParse(Path.GetFileName(folder)[Prefix.Length..].Split('-')[0], NumberStyles.None,
                CultureInfo.InvariantCulture, out var owner)
                && OperatingSystem.IsLinux() && !Directory.Exists($"/proc/{owner}") && IsOurs(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        _folder = Directory.CreateTempSubdirectory($"{Prefix}{Environment.ProcessId}-");
    }

    /// <summary>Its path.</summary>
    public string FullName => _folder.FullName;

    /// <summary>An empty folder in it, for one run.</summary>
    public DirectoryInfo ForRun() =>
        _folder.CreateSubdirectory(string.Create(CultureInfo.InvariantCulture, $"run-{++_created}"));

    /// <summary>Another user's folder is not ours to remove: it could become a link to somewhere
    /// else meanwhile.</summary>
    [SupportedOSPlatform("linux")]
    private static bool IsOurs(string folder) =>
        LinuxFile.TryStatus(folder) is { IsDirectory: true } status && status.User == LinuxFile.EffectiveUser();

    /// <inheritdoc />
    public void Dispose() => _folder.Delete(recursive: true);
}
