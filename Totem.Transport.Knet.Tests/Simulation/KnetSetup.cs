using System.Net;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Links;
using Totem.Transport.Knet.Sequence;

namespace Totem.Transport.Knet.Tests.Simulation;

/// <summary>The parts of a simulated cluster.</summary>
internal sealed record KnetSetup
{
    public int NodeCount { get; init; } = 3;

    public int LinkCount { get; init; } = 1;

    public LinkMode Mode { get; init; }

    public CipherSuite Suite { get; init; }

    /// <summary>The formats that the nodes speak.</summary>
    public NodeFormat Format { get; init; }

    /// <summary>Every second node speaks libknet's format alone, beside others that speak both.</summary>
    public bool IsMixed { get; init; }

    /// <summary>Without a key nobody can say anything.</summary>
    public bool IsAuthentic => Format == NodeFormat.Aead || !Suite.IsClear;

    public NodeFormat FormatOf(int node) => IsMixed && node % 2 == 0 ? NodeFormat.Libknet : Format;

    public bool IsIPv6 { get; init; }

    public int FixedIpBytes { get; init; }

    public bool Compresses { get; init; }

    /// <summary>The number of the last message that each process has sent before it starts: near the wrap,
    /// say.</summary>
    public ushort LastSeq { get; init; }

    public LinkTimers Timers { get; init; } = LinkTimers.OfToken(TimeSpan.FromMilliseconds(3650));

    /// <summary>Where a node is on a link.</summary>
    public KnetAddress Address(int node, int link) => KnetAddress.Of(
        IsIPv6 ? IPAddress.Parse($"fd91:{link}::{node}") : IPAddress.Parse($"10.91.{link}.{node}"));

    public KnetOptions Options(int node) => new()
    {
        Self = (ushort)node,
        Mode = Mode,
        FixedIpBytes = FixedIpBytes,
        Compression = Compresses ? CompressionMethod.Zlib : CompressionMethod.None,
        Peers = [.. Enumerable.Range(1, NodeCount).Where(x => x != node).Select(x => new KnetPeerOptions
        {
            Id = (ushort)x,
            Links = [.. Enumerable.Range(0, LinkCount).Select(link => new KnetLinkOptions
            {
                Number = (byte)link,
                Address = Address(x, link),
                Priority = (byte)(1 + (link % 2)),
                Timers = Timers,
            })],
        })],
    };

    public override string ToString() =>
        $"{NodeCount} nodes, {LinkCount} links, {Mode}, {Suite.Cipher}/{Suite.Hash} {Format}"
        + $"{(IsMixed ? " mixed" : "")}{(IsIPv6 ? ", IPv6" : "")}"
        + $"{(FixedIpBytes > 0 ? $", {FixedIpBytes} bytes" : "")}{(Compresses ? ", zlib" : "")}, from {LastSeq}";
}
