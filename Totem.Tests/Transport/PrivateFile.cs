namespace Totem.Tests.Transport;

/// <summary>Files with a mode, where the system has modes.</summary>
internal static class PrivateFile
{
    /// <summary>Writes a file anew that its owner alone may read.</summary>
    public static void Write(string path, byte[] bytes)
    {
        File.Delete(path);
        File.WriteAllBytes(path, bytes);
        SetMode(path, UnixFileMode.UserRead);
    }

    public static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    /// <summary>The mode; on systems without one, the private one.</summary>
    public static UnixFileMode ModeOf(string path) =>
        OperatingSystem.IsWindows() ? UnixFileMode.UserRead : File.GetUnixFileMode(path);
}
