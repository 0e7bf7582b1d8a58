using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Totem.Core.Wire;
using Totem.Platform.Files;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Peers;

/// <summary>
/// Says who is here that one may not expect: once, a member of the zero-configuration loopback that another user or
/// another program runs, and datagrams from our own address; once a minute each, a source that is no member's. It
/// changes nothing. Used by the ring's thread only.
/// </summary>
/// <param name="logger">Takes the lines.</param>
/// <param name="self">This member.</param>
/// <param name="cluster">The name of this ring; empty when it has none.</param>
/// <param name="peers">Where the members are.</param>
/// <param name="clock">Milliseconds from anywhere; null is the system's.</param>
internal sealed class Strangers(
    ILogger logger, ProcessorId self, string cluster = "", IReadOnlyList<UdpPeer>? peers = null,
    Func<long>? clock = null)
{
    /// <summary>So many processes, and so many sources at a time, are remembered; the log of a host
    /// with more has told enough.</summary>
    public const int ToldMax = 64;

    /// <summary>How often a source that goes on is told, in ms.</summary>
    public const int ReportMilliseconds = 60_000;

    private readonly HashSet<int> _told = [];
    private readonly Dictionary<(NetAddress Source, uint Claimed), (long Next, long Count)> _sources = [];
    private readonly Func<long> _clock = clock ?? (static () => Environment.TickCount64);
    private bool _isOwnAddressTold;

    /// <summary>A process of this host is a member.</summary>
    public void Meet(ProcessorId member, HostProcess process)
    {
        if (!OperatingSystem.IsLinux() || _told.Count == ToldMax || !_told.Add(process.Pid))
            return;
        var isOurs = process.User == LinuxFile.EffectiveUser()
            && (process.Program is not { } program || program == Environment.ProcessPath);
        if (!isOurs)
            Log.Stranger(logger, member, process.ToString());
    }

    /// <summary>A datagram is ignored because of its sender's address or id.</summary>
    public void Ignored(NetAddress source, ReadOnlySpan<byte> datagram)
    {
        var claimed = ClaimedBy(datagram);
        var key = (source.AnyPort, claimed.Value);
        var now = _clock();
        if (!_sources.TryGetValue(key, out var told) && _sources.Count == ToldMax)
        {
            foreach (var (old, _) in _sources.Where(x => x.Value.Next <= now).ToList())
                _sources.Remove(old);
            if (_sources.Count == ToldMax)
                return;
        }

        told.Count++;
        if (told.Count > 1 && now < told.Next)
        {
            _sources[key] = told;
            return;
        }

        Log.IgnoredSender(
            logger, self, cluster.Length == 0 ? "without a name" : $"'{cluster}'", told.Count, source.ToString(),
            claimed.IsNone ? "nobody" : $"node {claimed}", Expected(source, claimed));
        // Not 0: the next one is no first.
        _sources[key] = (now + ReportMilliseconds, told.Count);
    }

    /// <summary>A datagram that we did not send came from our own address, and was ignored.</summary>
    public void ClaimedToBeUs(NetAddress source)
    {
        if (_isOwnAddressTold)
            return;
        _isOwnAddressTold = true;
        Log.OwnAddress(logger, self, source.ToString());
    }

    /// <summary>The processor that a frame says it is from; nobody if it is not a frame.</summary>
    public static ProcessorId ClaimedBy(ReadOnlySpan<byte> datagram)
        => FrameHeader.TryRead(datagram, out var header) == DecodeResult.Ok ? header.Node : ProcessorId.None;

    private string Expected(NetAddress source, ProcessorId claimed)
    {
        var peer = peers?.FirstOrDefault(x => x.Id == claimed);
        if (peer is null)
        {
            return claimed.IsNone
                ? "it is no member's address"
                : string.Create(CultureInfo.InvariantCulture, $"there is no node {claimed} in our list");
        }

        return NetAddress.Of(peer.EndPoint).AnyPort == source.AnyPort
            ? "a member's address, but not that member's frames"
            : string.Create(CultureInfo.InvariantCulture, $"our list has node {claimed} at {peer.EndPoint}; an address "
                + $"is translated or renumbered on the way");
    }
}
