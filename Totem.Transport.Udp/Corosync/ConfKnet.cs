using System.Globalization;
using System.Net;
using System.Text;

namespace Totem.Transport.Udp.Corosync;

/// <summary>The keys of kronosnet: encryption, links, compression (KNET §16; corosync's totemconfig.c).</summary>
internal sealed class ConfKnet(
    ConfMap map, ConfReader totem, ConfProblems problems, List<(int Line, string Text)> notices)
{
    private const int LinkMax = 7;

    public KnetTransportOptions Read(IReadOnlyList<ConfNode> nodes)
    {
        var (cipher, hash) = ReadCrypto();
        var options = new KnetTransportOptions
        {
            Cipher = cipher,
            Hash = hash,
            Aead = ReadAead(hash),
            Policy = totem.Text("link_mode") switch { "active" => LinkPolicy.Active, "rr" => LinkPolicy.RoundRobin,
                _ => LinkPolicy.Passive },
            PathMtuInterval = TimeSpan.FromSeconds(totem.NumberOr("knet_pmtud_interval", 30)),
            FixedMtu = ReadMtu(),
            Compression = ReadCompression(),
            CompressionThreshold = (int)long.Min(int.MaxValue, totem.NumberOr("knet_compression_threshold", 100)),
            CompressionLevel = (int)long.Clamp(totem.Number("knet_compression_level") ?? 0, 0, 9),
            Links = ReadLinks(nodes),
        };
        if (totem.Text("block_unlisted_ips") == "no")
            notices.Add((totem.LineOf("block_unlisted_ips"), "totem.block_unlisted_ips has no effect here: a link is "
                + "between configured addresses"));
        if (!options.IsClear)
            return WithKey(options);
        notices.Add((totem.Line, "totem.crypto_cipher and crypto_hash are none: everybody on the network can read the "
            + "ring's messages and send some; "
            + "'crypto_cipher: aes256' and 'crypto_hash: sha256' hide and prove them, with a key in totem.keyfile"));
        return options;
    }

    private (PacketCipher Cipher, PacketHash Hash) ReadCrypto()
    {
        // crypto_cipher and crypto_hash win over it.
        var isSecure = totem.Text("secauth") == "on";
        var cipher = totem.Text("crypto_cipher") switch
        {
            "aes128" => PacketCipher.Aes128,
            "aes192" => PacketCipher.Aes192,
            "aes256" => PacketCipher.Aes256,
            "none" => PacketCipher.None,
            _ => isSecure ? PacketCipher.Aes256 : PacketCipher.None,
        };
        var hash = totem.Text("crypto_hash") switch
        {
            "md5" => PacketHash.Md5,
            "sha1" => PacketHash.Sha1,
            "sha256" => PacketHash.Sha256,
            "sha384" => PacketHash.Sha384,
            "sha512" => PacketHash.Sha512,
            "none" => PacketHash.None,
            _ => isSecure ? PacketHash.Sha256 : PacketHash.None,
        };
        if (cipher != PacketCipher.None && hash == PacketHash.None)
            totem.Wrong("crypto_hash", "md5, sha1, sha256, sha384 or sha512: crypto_cipher requires a hash");
        if (hash == PacketHash.Md5)
            notices.Add((totem.LineOf("crypto_hash"), "totem.crypto_hash is md5, which is for old rings alone; "
                + "expected sha256 on a new one"));
        return (cipher, hash);
    }

    /// <summary>A key of our own, which corosync passes over.</summary>
    private AeadRule ReadAead(PacketHash hash)
    {
        var rule = totem.Text("aead") switch { "no" => AeadRule.Refused, "only" => AeadRule.Required,
            _ => AeadRule.Preferred };
        if (rule == AeadRule.Required && hash == PacketHash.None)
            totem.Wrong("aead", "yes or no: 'only' needs crypto_hash and a key");
        return rule;
    }

    private KnetTransportOptions WithKey(KnetTransportOptions options)
    {
        if (totem.Text("keyfile") is { } file)
            return options with { KeyFile = file };
        if (totem.Text("key") is not { } text)
            return options with { KeyFile = KnetTransportOptions.DefaultKeyFile };
        var key = Encoding.UTF8.GetBytes(text);
        if (key.Length < KnetTransportOptions.KeyBytesMin)
        {
            // Its text is a secret.
            problems.Add(totem.LineOf("key"), string.Create(
                CultureInfo.InvariantCulture, $"totem.key has {key.Length} bytes, expected "
                    + $"{KnetTransportOptions.KeyBytesMin} or more, or totem.keyfile"));
        }

        return options with { Key = key };
    }

    private int ReadMtu()
    {
        var mtu = totem.Number("knet_mtu") ?? 0;
        if (mtu is not (0 or >= 576 and <= 65_535))
            totem.Wrong("knet_mtu", "0, or a number from 576 to 65535");
        return (int)long.Min(mtu, 65_535);
    }

    private PacketCompression ReadCompression()
    {
        switch (totem.Text("knet_compression_model"))
        {
            case null:
                return PacketCompression.None;
            case "zlib":
                return PacketCompression.Zlib;
            default:
                totem.Wrong("knet_compression_model", "zlib, on every node: it is the one that this implementation can "
                    + "decompress");
                return PacketCompression.None;
        }
    }

    private List<KnetLink> ReadLinks(IReadOnlyList<ConfNode> nodes)
    {
        var numbers = nodes.SelectMany(x => x.Links.Keys).Distinct().Order().ToList();
        foreach (var number in map.Indices("totem.interface"))
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"totem.interface.{number}");
            if (number > LinkMax)
                problems.Add(map.LineOf(path), $"interface.linknumber is {number}, expected 0 to {LinkMax}");
            else if (nodes.Count > 0 && !numbers.Contains(number))
                notices.Add((map.LineOf(path), $"interface {number} has no effect: no node has ring{number}_addr"));
        }

        return [.. numbers.Select(number => ReadLink(number, nodes))];
    }

    private KnetLink ReadLink(int number, IReadOnlyList<ConfNode> nodes)
    {
        var reader = new ConfReader(
            map, problems, string.Create(CultureInfo.InvariantCulture, $"totem.interface.{number}"), "interface");
        var port = (int)reader.NumberOr("mcastport", UdpTransportOptions.DefaultPort + number);
        if (reader.Text("knet_transport") == "sctp")
            reader.Wrong("knet_transport", "udp: SCTP is not supported, and libknet has given it up");
        if ((reader.Number("ttl") ?? 1) != 1)
            reader.Wrong("ttl", "1, or 'transport: udp': only multicasts have another");
        foreach (var key in (ReadOnlySpan<string>)["mcastaddr", "broadcast"])
        {
            if (reader.Find(key) is { } entry)
                notices.Add((entry.Line, $"interface.{key} has no effect on kronosnet, as in corosync"));
        }

        var pongs = (int)long.Min(int.MaxValue, reader.NumberOr("knet_pong_count", 2));
        return new KnetLink
        {
            Number = number,
            Peers = [.. from node in nodes
                        where node.Links.ContainsKey(number)
                        select new UdpPeer(node.Id, new IPEndPoint(node.Links[number], port))],
            Priority = (int)(reader.Number("knet_link_priority") ?? 1),
            PingInterval = Milliseconds(reader, "knet_ping_interval"),
            PingTimeout = Milliseconds(reader, "knet_ping_timeout"),
            PingPrecision = (int)long.Min(int.MaxValue, reader.NumberOr("knet_ping_precision", 2048)),
            PongCount = pongs,
        };
    }

    private static TimeSpan? Milliseconds(ConfReader reader, string key) =>
        reader.NumberOr(key, 0) is > 0 and var value ? TimeSpan.FromMilliseconds(value) : null;
}
