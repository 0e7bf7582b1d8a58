using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Transport.Knet.Crypto;

namespace Totem.Transport.Knet.Mtu;

/// <summary>
/// Looks for the largest IP packet that one link carries, by probes that the peer answers (KNET §11.3). Unlike libknet
/// it runs for each link by itself, repeats a probe once before it believes that it was lost for its size, and at worst
/// ends with the floor. While large packets are sent, it also asks once a second whether the path
/// still carries what it did.
/// </summary>
internal sealed class PathMtuSearch(bool isIPv6)
{
    private const int TriesMax = 2;

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private Run? _run;
    private Check? _check;
    private Instant? _checkedAt;
    private bool _isCheckWanted;
    private Instant? _nextRun;

    /// <summary>The most that the path is known to carry.</summary>
    public int IpBytes { get; private set; } = PacketSizes.FloorIpBytes(isIPv6);

    public bool IsSearching => _run is not null;

    /// <summary>The link came up: nothing is known of the path, and a search is due.</summary>
    public void Begin(Instant now)
    {
        IpBytes = PacketSizes.FloorIpBytes(isIPv6);
        _run = null;
        _check = null;
        _nextRun = now;
    }

    /// <summary>Packets have been sent that are longer than any path carries for sure.</summary>
    public void NoteLargePackets() => _isCheckWanted = true;

    /// <summary>The link is down.</summary>
    public void End()
    {
        _run = null;
        _check = null;
        _nextRun = null;
    }

    /// <summary>The probe that is to be sent now, if any: the first of a search, the next one, or one again that was
    /// not answered.</summary>
    /// <param name="now">The time.</param>
    /// <param name="plan">Sizes and times.</param>
    /// <param name="ipBytes">The length of the probe's IP packet.</param>
    public bool TryTakeProbe(Instant now, in ProbePlan plan, out int ipBytes)
    {
        ipBytes = 0;
        if (_run is null && _nextRun is { } due && due <= now)
            Start(plan.InterfaceIpBytes, plan.Shape);
        if (_run is null && TryTakeCheck(now, in plan, out ipBytes))
            return true;
        if (_run is null)
            return false;
        if (_run.SentAt is { } sentAt)
        {
            if (now - sentAt < plan.Timeout)
                return false;
            if (_run.Tries == TriesMax)
                Narrow(_run with { Bad = _run.Size }, now, plan.Interval);
        }

        if (_run is null)
            return false;
        _run = _run with { SentAt = now, Tries = _run.Tries + 1 };
        ipBytes = _run.Size;
        return true;
    }

    /// <summary>The peer answers a probe.</summary>
    /// <returns>False when none of that size is under way.</returns>
    public bool HandleReply(int ipBytes, Instant now, in ProbePlan plan)
    {
        if (_check is { } check && check.Size == ipBytes)
        {
            _check = null;
            return true;
        }

        if (_run is null || _run.SentAt is null || _run.Size != ipBytes)
            return false;
        Invariant.That(ipBytes > _run.Good, "a search asks only for more than it knows");
        IpBytes = Math.Max(IpBytes, ipBytes);
        Narrow(_run with { Good = ipBytes }, now, plan.Interval);
        return true;
    }

    /// <summary>The system refused a packet for its size.</summary>
    /// <param name="sentIpBytes">The length of its IP packet.</param>
    /// <param name="interfaceIpBytes">The most that it takes, as the system said; 0 when it did not say.</param>
    /// <param name="now">The time.</param>
    /// <param name="plan">Sizes and times.</param>
    public void HandleTooBig(int sentIpBytes, int interfaceIpBytes, Instant now, in ProbePlan plan)
    {
        var floor = PacketSizes.FloorIpBytes(isIPv6);
        var isSaid = interfaceIpBytes > 0 && interfaceIpBytes < sentIpBytes;
        var limit = Math.Max(floor, isSaid ? interfaceIpBytes : sentIpBytes - 1);
        IpBytes = Math.Min(IpBytes, limit);
        if (_run is null)
            Start(limit, plan.Shape);
        else if (_run.Size > limit)
            Narrow(_run with { Good = _run.Good <= limit ? _run.Good : floor, Bad = limit + 1 }, now, plan.Interval,
                isSaid);
    }

    /// <summary>
    /// A path that has become narrower drops packets without a word, and the next search may be half a minute away. If
    /// a probe of the size that it carried is lost twice, nothing is known of it any more, and a search begins.
    /// </summary>
    private bool TryTakeCheck(Instant now, in ProbePlan plan, out int ipBytes)
    {
        ipBytes = 0;
        if (_check is { } check)
        {
            if (now - check.SentAt < plan.Timeout)
                return false;
            if (check.Tries == TriesMax)
            {
                IpBytes = PacketSizes.FloorIpBytes(isIPv6);
                Start(plan.InterfaceIpBytes, plan.Shape);
                return false;
            }

            _check = check with { SentAt = now, Tries = check.Tries + 1 };
            ipBytes = check.Size;
            return true;
        }

        var size = PacketSizes.ProbeIpBytes(IpBytes, isIPv6, plan.Shape);
        if (!_isCheckWanted || now - _checkedAt < CheckInterval || size <= PacketSizes.FloorIpBytes(isIPv6))
            return false;
        (_isCheckWanted, _checkedAt, ipBytes) = (false, now, size);
        _check = new Check(size, now, Tries: 1);
        return true;
    }

    private void Start(int ipBytes, SealShape shape)
    {
        _check = null;
        var floor = PacketSizes.FloorIpBytes(isIPv6);
        var size = PacketSizes.ProbeIpBytes(ipBytes, isIPv6, shape);
        if (size <= floor)
            size = PacketSizes.ProbeIpBytes(floor + CipherSeal.BlockBytes, isIPv6, shape);
        _nextRun = null;
        _run = new Run(shape, Good: floor, Bad: PacketSizes.IpBytesMax + 1, size);
        Invariant.That(size > floor && size < _run.Bad, "a search begins within its bounds");
    }

    /// <summary>Chooses the next size between what is known to pass and what is known not to; or ends.</summary>
    private void Narrow(Run run, Instant now, TimeSpan interval, bool isLargestFirst = false)
    {
        var largest = PacketSizes.ProbeIpBytes(run.Bad - 1, isIPv6, run.Shape);
        if (largest <= run.Good || run.Good == PacketSizes.ProbeIpBytes(PacketSizes.IpBytesMax, isIPv6, run.Shape))
        {
            IpBytes = run.Good;
            _run = null;
            _nextRun = now + interval;
            return;
        }

        var middle = PacketSizes.ProbeIpBytes((run.Good + run.Bad) / 2, isIPv6, run.Shape);
        var size = isLargestFirst || middle <= run.Good ? largest : middle;
        Invariant.That(size > run.Good && size < run.Bad, "the next size lies between what passes and what does not");
        _run = run with { Size = size, SentAt = null, Tries = 0 };
    }

    /// <summary>A question whether the path still carries packets of <paramref name="Size"/> bytes.</summary>
    private readonly record struct Check(int Size, Instant SentAt, int Tries);

    /// <summary>A search under way: packets of <paramref name="Good"/> bytes pass, those of <paramref name="Bad"/> do
    /// not.</summary>
    private sealed record Run(SealShape Shape, int Good, int Bad, int Size, Instant? SentAt = null, int Tries = 0);
}

/// <summary>The surroundings that a search must know.</summary>
/// <param name="Shape">The bytes that sealing adds to a probe.</param>
/// <param name="InterfaceIpBytes">The most that the link's interface takes; the most there can be when it is not
/// known.</param>
/// <param name="Timeout">How long an answer may take.</param>
/// <param name="Interval">The time between two searches.</param>
internal readonly record struct ProbePlan(SealShape Shape, int InterfaceIpBytes, TimeSpan Timeout, TimeSpan Interval);
