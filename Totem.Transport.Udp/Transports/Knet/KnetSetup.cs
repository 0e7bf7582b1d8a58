using System.Security.Cryptography;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Udp.Storage;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>The options of a user in the words of the machine.</summary>
internal static class KnetSetup
{
    /// <summary>The links, peers and timers.</summary>
    /// <param name="options">The sockets, with addresses that can be sent to.</param>
    /// <param name="self">This member.</param>
    /// <param name="token">The token timeout, from which the timers of links follow.</param>
    public static KnetOptions Machine(UdpTransportOptions options, ProcessorId self, TimeSpan token) => new()
    {
        Self = (ushort)self.Value,
        Peers = [.. options.Peers.Where(x => x.Id != self).Select(x => Peer(options, x.Id, token))],
        Mode = (LinkMode)options.Knet.Policy,
        Algorithm = HasFastAes ? AeadAlgorithm.Aes256Gcm : AeadAlgorithm.ChaCha20Poly1305,
        MtuInterval = options.Knet.PathMtuInterval,
        FixedIpBytes = options.Knet.FixedMtu,
        Compression = (CompressionMethod)options.Knet.Compression,
        CompressionThreshold = options.Knet.CompressionThreshold,
        CompressionLevel = options.Knet.CompressionLevel,
    };

    /// <summary>Reads the key, and makes what seals with it. The caller disposes it.</summary>
    /// <param name="options">The cipher, the hash, the key.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="random">Where randomness comes from.</param>
    /// <param name="mark">The same for the same cipher, hash and key, and says nothing of the key.</param>
    /// <exception cref="TransportException">The key cannot be read.</exception>
    public static KeySet Keys(KnetTransportOptions options, string cluster, RandomPool random, out string mark)
    {
        mark = "clear";
        if (options.IsClear)
            return KeySet.OfLibknet(null);
        var contents = options.KeyFile is { } file ? KeyFile.Read(file) : options.Key.ToArray();
        mark = $"{options.Cipher} {options.Hash} {Convert.ToHexString(SHA256.HashData(contents))}";
        using var key = new KnetKey(contents);
        CryptographicOperations.ZeroMemory(contents);
        var suite = new CipherSuite((KnetCipher)options.Cipher, (KnetHash)options.Hash);
        return options.Aead switch
        {
            AeadRule.Required => KeySet.OfAead(new AeadMaster(key, cluster)),
            AeadRule.Refused => KeySet.OfLibknet(SealFactory.Create(suite, key, random)),
            _ => KeySet.Of(SealFactory.Create(suite, key, random)!, new AeadMaster(key, cluster)),
        };
    }

    private static bool HasFastAes =>
        System.Runtime.Intrinsics.X86.Aes.IsSupported || System.Runtime.Intrinsics.Arm.Aes.IsSupported;

    private static KnetPeerOptions Peer(UdpTransportOptions options, ProcessorId peer, TimeSpan token) => new()
    {
        Id = (ushort)peer.Value,
        Links =
        [
            .. from link in options.Knet.Complete(options.Peers)
               from place in link.Peers
               where place.Id == peer
               select new KnetLinkOptions
               {
                   Number = (byte)link.Number,
                   Address = KnetAddress.Of(place.EndPoint.Address),
                   Priority = (byte)link.Priority,
                   Timers = Timers(link, token),
               },
        ],
    };

    private static LinkTimers Timers(KnetLink link, TimeSpan token)
    {
        var derived = LinkTimers.OfToken(token, link.PongCount);
        return derived with
        {
            PingInterval = link.PingInterval ?? derived.PingInterval,
            PingTimeout = link.PingTimeout ?? derived.PingTimeout,
            PingPrecision = link.PingPrecision,
        };
    }
}
