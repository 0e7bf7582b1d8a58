using Totem.Core.Model;
using Totem.Core.Time;

namespace Totem.Core.Membership;

/// <summary>
/// What this processor knows of the links between processors. It outlives rings, and decides one thing: whether a frame of
/// another ring is worth forming a new ring for. A link that is cut for one pair only would otherwise make a ring reform
/// for ever, since everybody else keeps hearing the processor that was left out (docs/protocol.md, "One broken link").
/// </summary>
internal sealed class Neighbourhood(RingOptions options)
{
    private const int ProcessorsMax = 512;

    private readonly Dictionary<ProcessorId, Instant> _heardAt = [];
    private readonly HashSet<LinkPair> _broken = [];
    private readonly Dictionary<ProcessorId, ProcessorSet> _blockersOf = [];
    private ProcessorSet _deafToUs = ProcessorSet.Empty;

    /// <summary>A frame came straight from this processor (a retransmitted multicast is no proof, a join is).</summary>
    public void Heard(ProcessorId peer, Instant now)
    {
        if (_heardAt.Count >= ProcessorsMax && !_heardAt.ContainsKey(peer))
            return;
        _heardAt[peer] = now;
        foreach (var (excluder, blockers) in _blockersOf)
        {
            if (!blockers.Contains(peer))
                continue;
            var rest = blockers.Without(peer);
            if (rest.IsEmpty)
                _blockersOf.Remove(excluder);
            else
                _blockersOf[excluder] = rest;
        }
    }

    /// <summary>Whom we have heard of late, for others to know.</summary>
    public ProcessorSet HeardLately(Instant now)
    {
        var lately = ProcessorSet.Empty;
        foreach (var (peer, at) in _heardAt)
        {
            if (now - at <= 5 * options.MergeDetectInterval && lately.Count < ProcessorSet.CountMax)
                lately = lately.With(peer);
        }

        return lately;
    }

    public bool HasHeardSince(ProcessorId peer, Instant since) => _heardAt.TryGetValue(peer, out var at) && at >= since;

    /// <summary>A join message lists us as failed: its sender does not hear us, or keeps company that we do not hear.</summary>
    /// <param name="excluder">The sender.</param>
    /// <param name="company">Who it means to form a ring with.</param>
    /// <param name="since">How far back "heard" reaches.</param>
    public void ExcludedBy(ProcessorId excluder, ProcessorSet company, Instant since)
    {
        if (_deafToUs.Count < ProcessorSet.CountMax)
            _deafToUs = _deafToUs.With(excluder);
        var blockers = ProcessorSet.Empty;
        foreach (var member in company)
        {
            if (member != excluder && member != options.Self && !HasHeardSince(member, since))
                blockers = blockers.With(member);
        }

        if (blockers.IsEmpty)
            _blockersOf.Remove(excluder);
        else if (_blockersOf.Count < ProcessorsMax)
            _blockersOf[excluder] = blockers;
    }

    /// <summary>The processor shows that it hears us, or does not exclude us any more.</summary>
    public void Welcomed(ProcessorId peer)
    {
        _deafToUs = _deafToUs.Without(peer);
        _blockersOf.Remove(peer);
    }

    /// <summary>The processor hears us, whatever company it keeps.</summary>
    public void HearsUs(ProcessorId peer) => _deafToUs = _deafToUs.Without(peer);

    /// <summary>A member proposes to work with a processor: the two hear each other again.</summary>
    public void Mended(LinkPair pair) => _broken.Remove(pair);

    /// <summary>A ring is installed: pairs that straddle its edge are remembered, and nothing else of links.</summary>
    public void Installed(ProcessorSet members, IEnumerable<LinkPair> brokenInGather)
    {
        _broken.UnionWith(brokenInGather);
        _broken.RemoveWhere(pair =>
            pair.Includes(options.Self) || members.Contains(pair.Low) == members.Contains(pair.High));
        _deafToUs = _deafToUs.Except(members);
        foreach (var member in members)
            _blockersOf.Remove(member);
    }

    /// <summary>Why a frame of another ring leads nowhere; <see cref="Obstacle.None"/> when it may.</summary>
    public Obstacle ObstacleTo(ProcessorId stranger, ProcessorSet members)
    {
        foreach (var pair in _broken)
        {
            if (pair.Includes(stranger) && members.Contains(pair.Low == stranger ? pair.High : pair.Low))
                return Obstacle.MemberCannotHearIt;
        }

        if (_blockersOf.ContainsKey(stranger))
            return Obstacle.WeCannotHearItsCompany;
        return _deafToUs.Contains(stranger) ? Obstacle.ItCannotHearUs : Obstacle.None;
    }
}

/// <summary>Why two rings cannot become one now although frames pass between them.</summary>
internal enum Obstacle
{
    None,

    /// <summary>A member of our ring and the stranger do not hear each other.</summary>
    MemberCannotHearIt,

    /// <summary>A member of the stranger's ring is not heard by us.</summary>
    WeCannotHearItsCompany,

    /// <summary>The stranger said that it does not hear us; we show ourselves, and wait until it does.</summary>
    ItCannotHearUs,
}
