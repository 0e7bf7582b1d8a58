namespace Totem.Transport.Knet.Crypto;

/// <summary>Makes the seal of a suite.</summary>
internal static class SealFactory
{
    /// <returns>Null for a suite in clear.</returns>
    /// <exception cref="ArgumentException">A cipher without a hash, or a suite without a key.</exception>
    public static PacketSeal? Create(CipherSuite suite, KnetKey? key, RandomPool random)
    {
        if (!suite.IsValid)
            throw new ArgumentException(
                $"cipher {suite.Cipher} without a hash, expected one of Sha1 to Sha512 beside it", nameof(suite));
        if (suite.IsClear)
            return null;
        if (key is null)
            throw new ArgumentException(
                $"{suite.Cipher} and {suite.Hash} without a key, expected one of at least {KnetKey.BytesMin} bytes",
                nameof(key));
        return suite.Cipher == KnetCipher.None ? new HashSeal(suite, key) : new CipherSeal(suite, key, random);
    }
}
