namespace Totem.Transport.Knet.Crypto;

/// <summary>The bytes that sealing adds to a packet's length.</summary>
/// <param name="PrefixBytes">In front of the contents.</param>
/// <param name="SuffixBytes">Behind them.</param>
/// <param name="IsPadded">The contents are filled up to whole blocks of 16, with at least one byte.</param>
internal readonly record struct SealShape(int PrefixBytes, int SuffixBytes, bool IsPadded)
{
    /// <summary>The most that any shape adds: IV, a block of padding, SHA-512.</summary>
    public const int AddedBytesMax = 16 + 16 + 64;

    /// <summary>The length of the sealed packet.</summary>
    public int SealedBytes(int plainBytes) => PrefixBytes + PaddedBytes(plainBytes) + SuffixBytes;

    /// <summary>The most contents that fit a sealed packet of this length; negative when none do.</summary>
    public int PlainBytes(int sealedBytes)
    {
        var room = sealedBytes - PrefixBytes - SuffixBytes;
        return IsPadded ? room - (room % CipherSeal.BlockBytes) - 1 : room;
    }

    private int PaddedBytes(int plainBytes) =>
        IsPadded ? plainBytes + CipherSeal.BlockBytes - (plainBytes % CipherSeal.BlockBytes) : plainBytes;
}
