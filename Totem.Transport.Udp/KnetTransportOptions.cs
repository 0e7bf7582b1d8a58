using Totem.Core.Model;

namespace Totem;

/// <summary>The cipher that hides the contents of packets: corosync's <c>crypto_cipher</c>.</summary>
public enum PacketCipher
{
    /// <summary>Nothing is hidden.</summary>
    None,

    /// <summary>AES with 128 bits, in CBC mode.</summary>
    Aes128,

    /// <summary>AES with 192 bits, in CBC mode.</summary>
    Aes192,

    /// <summary>AES with 256 bits, in CBC mode.</summary>
    Aes256,
}

/// <summary>The hash that proves that a packet comes from a holder of the key: corosync's <c>crypto_hash</c>.</summary>
public enum PacketHash
{
    /// <summary>Nothing is proven, and nothing can be hidden.</summary>
    None,

    /// <summary>HMAC with MD5; only to share a ring with an old configuration.</summary>
    Md5,

    /// <summary>HMAC with SHA-1; only to share a ring with an old configuration.</summary>
    Sha1,

    /// <summary>HMAC with SHA-256.</summary>
    Sha256,

    /// <summary>HMAC with SHA-384.</summary>
    Sha384,

    /// <summary>HMAC with SHA-512.</summary>
    Sha512,
}

/// <summary>Whether members speak the format of our own, which also refuses what is repeated
/// (<c>docs/security.md</c>).</summary>
public enum AeadRule
{
    /// <summary>With every member that speaks it; libknet's format with the others, such as real daemons.</summary>
    Preferred,

    /// <summary>Never: libknet's format alone.</summary>
    Refused,

    /// <summary>Always: what is in libknet's format is neither sent nor read.</summary>
    Required,
}

/// <summary>Which of the links that are up a message takes: corosync's <c>link_mode</c>.</summary>
public enum LinkPolicy
{
    /// <summary>The one with the highest priority; of equal ones the lowest number.</summary>
    Passive,

    /// <summary>All of them.</summary>
    Active,

    /// <summary>The next one for each message to a member.</summary>
    RoundRobin,
}

/// <summary>How messages are compressed.</summary>
public enum PacketCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>With zlib, where that makes them smaller.</summary>
    Zlib,
}

/// <summary>A link: one network that the members share.</summary>
public sealed record KnetLink
{
    /// <summary>0 to 7, the same at every member.</summary>
    public required int Number { get; init; }

    /// <summary>Every member's address on this link, this member's among them, with one port. May be empty for one
    /// link, which then has those of <see cref="UdpTransportOptions.Peers"/>.</summary>
    public IReadOnlyList<UdpPeer> Peers { get; init; } = [];

    /// <summary>0 to 255, higher is better; <see cref="LinkPolicy.Passive"/> alone looks. Default 1.</summary>
    public int Priority { get; init; } = 1;

    /// <summary>The time between two pings, rounded up to 200 ms. Null, the default, is the token timeout through twice
    /// <see cref="PongCount"/>.</summary>
    public TimeSpan? PingInterval { get; init; }

    /// <summary>A link without an answer for this long is down; ten times longer while it is young. Null, the default,
    /// is the token timeout through <see cref="PongCount"/>.</summary>
    public TimeSpan? PingTimeout { get; init; }

    /// <summary>How many answers make the average of the latency. Default 2048.</summary>
    public int PingPrecision { get; init; } = 2048;

    /// <summary>One more answer than this brings a link up. Default 2.</summary>
    public int PongCount { get; init; } = 2;
}

/// <summary>How a member speaks kronosnet (<see cref="UdpTransportKind.Knet"/>). Immutable.</summary>
public sealed record KnetTransportOptions
{
    /// <summary>The file with the key that all members share, in corosync's format: at least 128 random bytes (<c>totem
    /// keygen</c>). Only its owner may read it. Required where something is hidden or proven.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The key itself, where a configuration has no file: corosync's <c>totem.key</c>.</summary>
    internal ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>Default AES with 256 bits. <see cref="PacketCipher.None"/> sends messages that
    /// everybody can read.</summary>
    public PacketCipher Cipher { get; init; } = PacketCipher.Aes256;

    /// <summary>Default SHA-256. <see cref="PacketHash.None"/> lets everybody send.</summary>
    public PacketHash Hash { get; init; } = PacketHash.Sha256;

    /// <summary>Default <see cref="AeadRule.Preferred"/>. Without a hash there is no such format.</summary>
    public AeadRule Aead { get; init; } = AeadRule.Preferred;

    /// <summary>Default <see cref="LinkPolicy.Passive"/>.</summary>
    public LinkPolicy Policy { get; init; } = LinkPolicy.Passive;

    /// <summary>The links. Empty, the default, is one: number 0, with the addresses of
    /// <see cref="UdpTransportOptions.Peers"/>.</summary>
    public IReadOnlyList<KnetLink> Links { get; init; } = [];

    /// <summary>The time between two searches for what a path carries. Default 30 s.</summary>
    public TimeSpan PathMtuInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest IP packet of every path, where it is not to be searched for. Default 0,
    /// which searches.</summary>
    public int FixedMtu { get; init; }

    /// <summary>Default <see cref="PacketCompression.None"/>. Compressed messages that come are
    /// always decompressed.</summary>
    public PacketCompression Compression { get; init; }

    /// <summary>Messages of up to this many bytes are not compressed. Default 100.</summary>
    public int CompressionThreshold { get; init; } = 100;

    /// <summary>1 is fast, 9 is small, 0, the default, leaves it to the library.</summary>
    public int CompressionLevel { get; init; }

    internal bool IsClear => Hash == PacketHash.None;

    internal void Validate(IReadOnlyList<UdpPeer> peers, ProcessorId self, Action<bool, string> require)
    {
        require(
            Cipher == PacketCipher.None || Hash != PacketHash.None,
            $"{nameof(Cipher)} is {Cipher} and {nameof(Hash)} is None, expected a hash beside a cipher");
        require(
            IsClear || KeyFile is not null || !Key.IsEmpty,
            $"{nameof(KeyFile)} is missing, expected the file with the key that all members share: make one with "
            + "'totem keygen FILE' and give every host a "
            + $"copy, or insist on clear text with {nameof(UdpTransportOptions.Kind)} {UdpTransportKind.Unicast}");
        require(
            KeyFile is null || Key.IsEmpty, $"{nameof(Key)} is set beside {nameof(KeyFile)}, expected one of the two");
        require(
            Key.IsEmpty || Key.Length >= KeyBytesMin, $"{nameof(Key)} has {Key.Length} bytes, expected {KeyBytesMin} "
                + "or more");
        require(
            !IsClear || Aead != AeadRule.Required, $"{nameof(Aead)} is {Aead} and {nameof(Hash)} is None, expected a "
                + "hash and a key");
        require(
            PathMtuInterval > TimeSpan.Zero, $"{nameof(PathMtuInterval)} is {PathMtuInterval}, expected more than 0");
        require(
            FixedMtu is 0 or >= 576 and <= 65_535, $"{nameof(FixedMtu)} is {FixedMtu}, expected 0, or 576 to 65535");
        require(
            CompressionThreshold >= 0, $"{nameof(CompressionThreshold)} is {CompressionThreshold}, expected 0 or more");
        require(
            CompressionLevel is >= 0 and <= 9, $"{nameof(CompressionLevel)} is {CompressionLevel}, expected 0 to 9");
        foreach (var peer in peers.Where(x => x.Id.Value > ushort.MaxValue))
            require(false, $"{nameof(UdpTransportOptions.Peers)} has processor {peer.Id}, expected ids up to "
                + $"{ushort.MaxValue} on kronosnet");
        ValidateLinks(peers, self, require);
    }

    /// <summary>The key file of a <c>corosync.conf</c> that names none, and of <c>totem keygen</c> without an
    /// argument.</summary>
    public const string DefaultKeyFile = "/etc/corosync/authkey";

    /// <summary>The smallest key, as in corosync.</summary>
    internal const int KeyBytesMin = 128;

    /// <summary>The links, each with its members' addresses.</summary>
    internal IReadOnlyList<KnetLink> Complete(IReadOnlyList<UdpPeer> peers) => Links.Count == 0
        ? [new KnetLink { Number = 0, Peers = peers }]
        : [.. Links.Select(x => x.Peers.Count == 0 ? x with { Peers = peers } : x).OrderBy(x => x.Number)];

    private void ValidateLinks(IReadOnlyList<UdpPeer> peers, ProcessorId self, Action<bool, string> require)
    {
        const int numberMax = 7;
        require(Links.Count(x => x.Peers.Count == 0) <= 1, $"{nameof(Links)} has more than one link without "
            + $"{nameof(KnetLink.Peers)}, expected one at most");
        foreach (var group in Links.GroupBy(x => x.Number).Where(x => x.Count() > 1 || x.Key is < 0 or > numberMax))
            require(false, $"{nameof(Links)} has link {group.Key} {group.Count()} times, expected numbers from 0 to "
                + $"{numberMax}, each once");
        foreach (var link in Complete(peers))
        {
            var name = $"{nameof(Links)}: link {link.Number}";
            require(link.Peers.Any(x => x.Id == self), $"{name} has no address of this processor ({self})");
            require(
                link.Peers.Select(x => x.EndPoint.AddressFamily).Distinct().Count() <= 1, $"{name} mixes IPv4 and "
                    + "IPv6, expected one family");
            foreach (var peer in link.Peers.Where(x => peers.All(y => y.Id != x.Id)))
                require(
                    false, $"{name} has processor {peer.Id}, expected those of {nameof(UdpTransportOptions.Peers)}");
            foreach (var group in link.Peers.GroupBy(x => x.Id).Where(x => x.Count() > 1))
                require(false, $"{name} names processor {group.Key} {group.Count()} times, expected once");
            foreach (var group in link.Peers.GroupBy(x => x.EndPoint).Where(x => x.Count() > 1))
                require(false, $"{name} names {group.Key} {group.Count()} times, expected once");
            require(
                link.Priority is >= 0 and <= byte.MaxValue, $"{name} has priority {link.Priority}, expected 0 to 255");
            require(
                link.PingInterval is not { } interval || interval > TimeSpan.Zero, $"{name} has ping interval "
                    + $"{link.PingInterval}, expected more than 0");
            require(link.PingTimeout is not { } timeout || timeout > TimeSpan.Zero, $"{name} has ping timeout "
                + $"{link.PingTimeout}, expected more than 0");
            require(link.PingPrecision >= 1, $"{name} has ping precision {link.PingPrecision}, expected 1 or more");
            require(link.PongCount >= 1, $"{name} has pong count {link.PongCount}, expected 1 or more");
        }

        foreach (var peer in peers)
        {
            var addresses = Complete(peers).SelectMany(x => x.Peers).Where(x => x.Id == peer.Id)
                .Select(x => x.EndPoint.Address).ToList();
            require(
                addresses.Distinct().Count() == addresses.Count,
                $"{nameof(Links)}: processor {peer.Id} has one address on two links, expected different ones: a "
                    + "receiver tells links apart by them");
        }
    }
}
