using System.Security.Cryptography;

namespace Totem.Transport.Knet.Crypto;

/// <summary>The cipher that hides the contents of packets: corosync's <c>crypto_cipher</c>.</summary>
internal enum KnetCipher
{
    None,
    Aes128,
    Aes192,
    Aes256,
}

/// <summary>The hash that proves that a packet comes from a holder of the key: corosync's <c>crypto_hash</c>.</summary>
internal enum KnetHash
{
    None,

    /// <summary>Only to share a ring with an old configuration.</summary>
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// <summary>A cipher and a hash that go together (KNET §12.3): a cipher needs a hash.</summary>
internal readonly record struct CipherSuite(KnetCipher Cipher, KnetHash Hash)
{
    /// <summary>Everything in clear.</summary>
    public static CipherSuite Clear => default;

    public bool IsValid => Cipher == KnetCipher.None || Hash != KnetHash.None;

    public bool IsClear => Hash == KnetHash.None;

    /// <summary>Bytes of the key file that are the key of AES.</summary>
    public int CipherKeyBytes => Cipher switch
    {
        KnetCipher.None => 0,
        KnetCipher.Aes128 => 16,
        KnetCipher.Aes192 => 24,
        _ => 32,
    };

    public int MacBytes => Hash switch
    {
        KnetHash.None => 0,
        KnetHash.Md5 => 16,
        KnetHash.Sha1 => 20,
        KnetHash.Sha256 => 32,
        KnetHash.Sha384 => 48,
        _ => 64,
    };

    public HashAlgorithmName HashName => Hash switch
    {
        KnetHash.Md5 => HashAlgorithmName.MD5,
        KnetHash.Sha1 => HashAlgorithmName.SHA1,
        KnetHash.Sha256 => HashAlgorithmName.SHA256,
        KnetHash.Sha384 => HashAlgorithmName.SHA384,
        _ => HashAlgorithmName.SHA512,
    };

    public SealShape Shape => Cipher == KnetCipher.None
        ? new SealShape(0, MacBytes, IsPadded: false)
        : new SealShape(CipherSeal.BlockBytes, MacBytes, IsPadded: true);
}
