using System.Security.Cryptography;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>Opens packets of others, sealed with one key, whatever cipher, hash or format they took.</summary>
internal sealed class CaptureOpener : IDisposable
{
    private readonly PacketSeal[] _seals;
    private readonly AeadMaster _master;
    private readonly Dictionary<(AeadAlgorithm Algorithm, ushort Node, ulong Life, uint Epoch), AeadKey> _keys = [];
    private readonly byte[] _packet = new byte[KnetFormat.DatagramBytesMax];
    private readonly byte[] _scratch = new byte[KnetFormat.DatagramBytesMax];

    public CaptureOpener(ReadOnlySpan<byte> key, string clusterName)
    {
        using var kept = new KnetKey(key);
        var random = new RandomPool(RandomNumberGenerator.Fill);
        _seals =
        [
            .. from hash in (KnetHash[])
               [KnetHash.Sha256, KnetHash.Sha1, KnetHash.Sha512, KnetHash.Sha384, KnetHash.Md5]
               from cipher in (KnetCipher[])
               [KnetCipher.Aes256, KnetCipher.Aes128, KnetCipher.Aes192, KnetCipher.None]
               select SealFactory.Create(new CipherSuite(cipher, hash), kept, random),
        ];
        _master = new AeadMaster(kept, clusterName);
    }

    /// <summary>Opens a packet.</summary>
    /// <param name="datagram">Anything.</param>
    /// <param name="packet">The packet in clear, valid until the next call.</param>
    /// <returns>False when the key does not open it.</returns>
    public bool TryOpen(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet)
    {
        for (var i = 0; i < _seals.Length; i++)
        {
            // A wrong cipher beside the right hash leaves padding that may fit, and then anything.
            if (!_seals[i].TryOpen(datagram, out packet) || PacketHeader.TryRead(packet, out _) != KnetDecode.Ok)
                continue;
            (_seals[0], _seals[i]) = (_seals[i], _seals[0]);
            return true;
        }

        return TryOpenAead(datagram, out packet);
    }

    public void Dispose()
    {
        foreach (var seal in _seals)
            seal.Dispose();
        foreach (var key in _keys.Values)
            key.Dispose();
        _master.Dispose();
        CryptographicOperations.ZeroMemory(_packet);
        CryptographicOperations.ZeroMemory(_scratch);
    }

    private bool TryOpenAead(ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (!AeadEnvelope.TryRead(datagram, out var envelope))
            return false;
        var named = (envelope.Algorithm, envelope.Node, envelope.Life, envelope.Epoch);
        var isKept = _keys.TryGetValue(named, out var key);
        key ??= _master.Derive(in envelope);
        var bytes = datagram.Length - AeadEnvelope.Bytes - AeadEnvelope.TagBytes;
        var isOpen = key.TryOpen(in envelope, datagram, _packet.AsSpan(0, bytes), _scratch);
        packet = isOpen ? _packet.AsSpan(0, bytes) : default;
        // A key that opened nothing is of a forged envelope, of which there may be any number.
        if (isOpen && !isKept)
            _keys.Add(named, key);
        else if (!isKept)
            key.Dispose();
        return isOpen;
    }
}
