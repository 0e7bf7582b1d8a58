using System.Globalization;
using System.Text;

namespace Totem.Transport.Udp.Corosync;

/// <summary>Reads a file that a person named, whatever it turns out to be.</summary>
internal static class ConfFile
{
    /// <summary>The text; what is no UTF-8 stands for itself as U+FFFD.</summary>
    /// <exception cref="CorosyncConfException">There is none, or it is too long for one that people wrote.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string Read(string path)
    {
        if (Directory.Exists(path))
            throw new CorosyncConfException($"{path}: is a directory, expected a file");
        try
        {
            // Not all at once: a device has no end.
            using var stream = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[ConfSyntax.FileBytesMax + 1];
            var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (count <= ConfSyntax.FileBytesMax)
                return Encoding.UTF8.GetString(bytes, 0, count);
            throw new CorosyncConfException(string.Create(
                CultureInfo.InvariantCulture, $"{path}: more than {ConfSyntax.FileBytesMax} bytes, expected a "
                    + $"corosync.conf, which has a few thousand"));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CorosyncConfException($"{path}: there is no such file, expected a corosync.conf", failure);
        }
    }
}
