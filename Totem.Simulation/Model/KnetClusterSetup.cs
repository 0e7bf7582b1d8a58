using System.Net;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Sequence;

namespace Totem.Simulation.Model;

/// <summary>The formats that a member speaks with its peers.</summary>
internal enum SpokenFormat
{
    /// <summary>Libknet's alone, as a daemon.</summary>
    Libknet,

    /// <summary>Both: ours with those that speak it.</summary>
    Both,

    /// <summary>Ours alone.</summary>
    Aead,
}

/// <summary>Kronosnet below a simulated ring: links, keys and policy, before anything happens to them.</summary>
internal sealed record KnetClusterSetup
{
    /// <summary>The largest packet that a path carries while nothing narrows it.</summary>
    public const int IpBytes = 1500;

    /// <summary>Links between every two members, 1 to 3.</summary>
    public int Links { get; init; } = 2;

    public LinkMode Mode { get; init; }

    /// <summary>The link with the highest priority.</summary>
    public int Preferred { get; init; }

    /// <summary>The cipher and the hash of the first key.</summary>
    public CipherSuite Suite { get; init; } = new(KnetCipher.Aes256, KnetHash.Sha256);

    /// <summary>The formats of all that are not named below.</summary>
    public SpokenFormat Format { get; init; }

    /// <summary>Members that speak libknet's format alone.</summary>
    public ProcessorSet Libknet { get; init; } = ProcessorSet.Empty;

    /// <summary>Members that speak our own alone.</summary>
    public ProcessorSet AeadOnly { get; init; } = ProcessorSet.Empty;

    /// <summary>The number of the last message that every first life has sent before it starts: near the wrap,
    /// say.</summary>
    public ushort LastSeq { get; init; }

    /// <summary>The length of the largest IP packet, where it is not searched for; else 0.</summary>
    public int FixedIpBytes { get; init; }

    public bool Compresses { get; init; }

    public bool IsIPv6 { get; init; }

    /// <summary>From here on nobody may change its view: between every two members one link has no fault. Null where
    /// faults may change views.</summary>
    public TimeSpan? SteadyFrom { get; init; }

    /// <summary>Without a key anybody may say anything, so nobody attacks.</summary>
    public bool IsAuthentic => Format == SpokenFormat.Aead || !Suite.IsClear;

    /// <summary>Nobody reads libknet's format.</summary>
    public bool IsAeadAlone => Format == SpokenFormat.Aead && Libknet.IsEmpty;

    public SpokenFormat FormatOf(ProcessorId id) => Libknet.Contains(id) ? SpokenFormat.Libknet
        : AeadOnly.Contains(id) ? SpokenFormat.Aead : Format;

    /// <summary>Where a member is on a link.</summary>
    /// <param name="place">Its place in the cluster.</param>
    /// <param name="link">The number of the link.</param>
    public KnetAddress Address(int place, int link) => KnetAddress.Of(IsIPv6
        ? IPAddress.Parse($"fd91:{link}::{place + 1}") : new IPAddress([10, 91, (byte)link, (byte)(place + 1)]));

    /// <summary>The options of a member that uses these links.</summary>
    public KnetOptions OptionsOf(ClusterSetup setup, int place, IReadOnlyList<int> links)
    {
        var timers = LinkTimers.OfToken(setup.Options.TokenTimeout);
        return new KnetOptions
        {
            Self = (ushort)setup.Processors[place].Value,
            Mode = Mode,
            FixedIpBytes = FixedIpBytes,
            Compression = Compresses ? CompressionMethod.Zlib : CompressionMethod.None,
            Peers = [.. Enumerable.Range(0, setup.Processors.Count).Where(x => x != place)
                .Select(peer => new KnetPeerOptions
            {
                Id = (ushort)setup.Processors[peer].Value,
                Links = [.. links.Select(link => new KnetLinkOptions
                {
                    Number = (byte)link,
                    Address = Address(peer, link),
                    Priority = (byte)(link == Preferred ? 2 : 1),
                    Timers = timers,
                })],
            })],
        };
    }
}
