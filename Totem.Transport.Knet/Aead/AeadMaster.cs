using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Aead;

/// <summary>
/// The source of the keys of all members, derived by HKDF with SHA-256 (RFC 5869): the key file, and the name of the
/// cluster as salt. A key is of one sender, one of its lives and 2³² packets, so no nonce comes twice under it.
/// Disposing wipes it.
/// </summary>
internal sealed class AeadMaster : IDisposable
{
    private const int KeyBytes = 32;

    private static readonly byte[] Label = "totem knet aead 1"u8.ToArray();

    private readonly byte[] _root = GC.AllocateUninitializedArray<byte>(KeyBytes, pinned: true);

    public AeadMaster(KnetKey key, string clusterName) =>
        HKDF.Extract(HashAlgorithmName.SHA256, key.Bytes, [.. Label, .. Encoding.UTF8.GetBytes(clusterName)], _root);

    /// <summary>The key of packets with such an envelope.</summary>
    public AeadKey Derive(in AeadEnvelope envelope)
    {
        Span<byte> info = stackalloc byte[1 + sizeof(ushort) + sizeof(ulong) + sizeof(uint)];
        info[0] = (byte)envelope.Algorithm;
        BinaryPrimitives.WriteUInt16BigEndian(info[1..], envelope.Node);
        BinaryPrimitives.WriteUInt64BigEndian(info[3..], envelope.Life);
        BinaryPrimitives.WriteUInt32BigEndian(info[11..], envelope.Epoch);
        Span<byte> key = stackalloc byte[KeyBytes];
        HKDF.Expand(HashAlgorithmName.SHA256, _root, key, info);
        var made = new AeadKey(envelope.Algorithm, key);
        CryptographicOperations.ZeroMemory(key);
        return made;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_root);
}
