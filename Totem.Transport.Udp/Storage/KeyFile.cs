using System.Globalization;
using Totem.Platform.Files;

namespace Totem.Transport.Udp.Storage;

/// <summary>The file with the key that all members share, in corosync's format: random bytes and
/// nothing else (KNET §12.2).</summary>
internal static class KeyFile
{
    /// <summary>Of a longer file the rest does not count, as in corosync.</summary>
    public const int BytesMax = 4096;

    private const UnixFileMode Forbidden = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;

    /// <summary>Reads a key. The caller wipes it.</summary>
    /// <exception cref="TransportException">There is none, it is too short, or others than its
    /// owner may read or change it.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path);
            RequirePrivate(handle, path);
            var bytes = new byte[BytesMax];
            var count = 0;
            for (int read; (read = RandomAccess.Read(handle, bytes.AsSpan(count), count)) > 0;)
                count += read;
            if (count >= KnetTransportOptions.KeyBytesMin)
                return bytes[..count];
            throw new TransportException(string.Create(
                CultureInfo.InvariantCulture,
                $"{path}: the key has {count} bytes, expected at least {KnetTransportOptions.KeyBytesMin}: 'totem "
                    + $"keygen' makes one"));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TransportException(
                $"{path}: there is no such file, expected the key that all members share: make it with 'totem keygen "
                + $"{path}' on one host "
                + "and copy it to the others", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TransportException($"{path}: the key cannot be read: {failure.Message}", failure);
        }
    }

    private static void RequirePrivate(Microsoft.Win32.SafeHandles.SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var status = LinuxFile.Status(handle);
        if (!status.IsRegular)
            throw new TransportException($"{path}: is no file, expected the key that all members share");
        if ((status.Mode & Forbidden) != UnixFileMode.None)
            throw new TransportException($"{path}: has mode {status.Octal}, expected 0400: everybody who reads the key "
                + $"is a member; 'chmod 0400 {path}'");
        if (status.User != 0 && status.User != LinuxFile.EffectiveUser())
            throw new TransportException($"{path}: belongs to {status.Owner}, expected this user or root");
    }
}
