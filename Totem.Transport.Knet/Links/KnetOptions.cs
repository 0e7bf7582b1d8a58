using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Mtu;
using Totem.Transport.Knet.Sequence;
using Totem.Transport.Knet.Wire;

namespace Totem.Transport.Knet.Links;

/// <summary>One link to one peer, as configured.</summary>
internal sealed record KnetLinkOptions
{
    /// <summary>0 to 7, the same at both ends.</summary>
    public required byte Number { get; init; }

    /// <summary>The peer's address on this link.</summary>
    public required KnetAddress Address { get; init; }

    /// <summary>Higher is better, when links are used one at a time.</summary>
    public byte Priority { get; init; } = 1;

    /// <summary>How the link is judged.</summary>
    public LinkTimers Timers { get; init; } = new();
}

/// <summary>One peer, as configured.</summary>
internal sealed record KnetPeerOptions
{
    /// <summary>1 to 65,535.</summary>
    public required ushort Id { get; init; }

    public required IReadOnlyList<KnetLinkOptions> Links { get; init; }
}

/// <summary>How a member speaks kronosnet.</summary>
internal sealed record KnetOptions
{
    /// <summary>This member: 1 to 65,535.</summary>
    public required ushort Self { get; init; }

    /// <summary>The others.</summary>
    public required IReadOnlyList<KnetPeerOptions> Peers { get; init; }

    public LinkMode Mode { get; init; } = LinkMode.Passive;

    /// <summary>The algorithm that encrypts in the format of our own, where that is spoken: the host knows what its
    /// processor is good at.</summary>
    public AeadAlgorithm Algorithm { get; init; } = AeadAlgorithm.Aes256Gcm;

    /// <summary>The time between two searches for a path's MTU.</summary>
    public TimeSpan MtuInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The length of the largest IP packet, where it is not to be searched for; 0 searches.</summary>
    public int FixedIpBytes { get; init; }

    /// <summary>How messages are compressed: not at all, or with zlib.</summary>
    public CompressionMethod Compression { get; init; }

    /// <summary>Messages of up to this many bytes are not compressed.</summary>
    public int CompressionThreshold { get; init; } = 100;

    /// <summary>0 leaves it to the library.</summary>
    public int CompressionLevel { get; init; }

    /// <summary>The mistakes, each with what was expected; empty when there are none.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (Self == 0)
            problems.Add($"{nameof(Self)} is 0, expected 1 to 65535");
        if (Compression is not (CompressionMethod.None or CompressionMethod.Zlib))
            problems.Add($"{nameof(Compression)} is {Compression}, expected None or Zlib");
        if (FixedIpBytes != 0 && FixedIpBytes is < PacketSizes.FloorIPv4 or > PacketSizes.IpBytesMax)
            problems.Add(
                $"{nameof(FixedIpBytes)} is {FixedIpBytes}, expected 0 or "
                + $"{PacketSizes.FloorIPv4} to {PacketSizes.IpBytesMax}");
        foreach (var group in Peers.GroupBy(x => x.Id).Where(x => x.Count() > 1 || x.Key == Self || x.Key == 0))
            problems.Add(
                $"peer {group.Key} is configured {group.Count()} times, "
                + "expected ids of 1 to 65535 other than our own, each once");
        foreach (var peer in Peers)
            AddProblems(peer, problems);
        return problems;
    }

    private static void AddProblems(KnetPeerOptions peer, List<string> problems)
    {
        if (peer.Links.Count == 0)
            problems.Add($"peer {peer.Id} has no link, expected 1 to {KnetFormat.LinkCountMax}");
        if (peer.Links.Any(x => x.Number >= KnetFormat.LinkCountMax))
            problems.Add($"peer {peer.Id} has a link above 7, expected 0 to {KnetFormat.LinkCountMax - 1}");
        if (peer.Links.DistinctBy(x => x.Number).Count() != peer.Links.Count)
            problems.Add($"peer {peer.Id} has two links of one number");
        if (peer.Links.DistinctBy(x => x.Address).Count() != peer.Links.Count)
            problems.Add($"peer {peer.Id} has two links of one address, which a receiver could not tell apart");
        foreach (var timers in peer.Links.Select(x => x.Timers))
        {
            if (timers.PingInterval <= TimeSpan.Zero || timers.PingTimeout <= TimeSpan.Zero || timers.PongCount < 1
                || timers.PingPrecision < 1)
                problems.Add($"peer {peer.Id} has a link with timers of 0 or less");
        }
    }
}
