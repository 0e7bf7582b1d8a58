using Totem.Transport.Udp.Transports.Knet;

namespace Totem;

/// <summary>
/// Decrypts captures of kronosnet for Wireshark, which has no cryptography that a dissector in Lua could use. It needs
/// neither the cipher nor the hash: a MAC or a tag that fits proves them.
/// </summary>
public static class KnetCapture
{
    /// <summary>Copies a capture, and puts in place of each packet that the key opens what was in it, with lengths and
    /// checksums that fit. Everything else is copied as it is.</summary>
    /// <param name="source">A capture in libpcap's classic format, from its beginning: Ethernet, Linux's <c>any</c>,
    /// loopback or bare IP.</param>
    /// <param name="target">Where the copy goes; anybody who can read it can read the messages.</param>
    /// <param name="key">The contents of the ring's key file.</param>
    /// <param name="clusterName">The cluster's name, from which the keys of the format of our own follow.</param>
    /// <exception cref="InvalidDataException">The source is no such capture, or the key is too short.</exception>
    /// <exception cref="IOException">The source cannot be read, or the target written.</exception>
    public static KnetCaptureCounts Decrypt(
        Stream source, Stream target, ReadOnlySpan<byte> key, string clusterName)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(clusterName);
        if (key.Length < KnetTransportOptions.KeyBytesMin)
            throw new InvalidDataException($"the key has {key.Length} bytes, expected at least "
                + $"{KnetTransportOptions.KeyBytesMin}");
        using var opener = new CaptureOpener(key, clusterName);
        return new CaptureConverter(opener).Convert(source, target);
    }
}
