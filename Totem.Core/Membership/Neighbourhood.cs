using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Core.Wire;

namespace Totem.Core.Membership;

/// <summary>
/// The links between processors, as far as this processor knows of them. The knowledge outlives rings, and decides one
/// thing: whether a frame of another ring is worth forming a new ring for. A link that is cut for one pair only would
/// otherwise make a ring reform for ever, since everybody else keeps hearing the processor that was left out
/// (docs/design/protocol.md, "One broken link").
/// </summary>
/// <remarks>
/// Nothing here is believed for longer than it is shown: a broken link is forgotten as soon as its listener says, or we
/// see ourselves, that the speaker is heard again.
/// </remarks>
internal sealed class Neighbourhood(RingOptions options)
{
    /// <summary>Joins are repeated every join interval; a processor that was not heard for this many is not
    /// heard.</summary>
    public const int JoinsUntilSilent = 6;

    private const int ProcessorsMax = 512;

    /// <summary>Merge intervals after which news of links is told again even when there is none: a
    /// telling may be lost.</summary>
    internal const int QuietIntervalsMax = 25;

    /// <summary>Token timeouts for which somebody is left alone that was left out for losing commit
    /// tokens: the first time, and at most.</summary>
    private const int RestMin = 4;
    public const int RestMax = 64;

    private readonly Dictionary<ProcessorId, Instant> _heardAt = [];
    private readonly Dictionary<ProcessorId, (Instant Until, TimeSpan Length)> _resting = [];
    private readonly HashSet<ProcessorId> _kin = [];
    private readonly HashSet<BrokenLink> _broken = [];
    private readonly Dictionary<ProcessorId, HashSet<BrokenLink>> _blockersOf = [];
    private ProcessorSet _deafToUs = ProcessorSet.Empty;
    private ProcessorSet _told = ProcessorSet.Empty;
    private Instant _toldAt = new(long.MinValue / 2);

    /// <summary>A frame came straight from this processor (a retransmitted multicast is no proof, a join is).</summary>
    public void Heard(ProcessorId peer, Instant now)
    {
        if (_heardAt.Count >= ProcessorsMax && !_heardAt.ContainsKey(peer))
            ForgetTheSilent();
        _heardAt[peer] = now;
        Invariant.That(_heardAt.Count <= ProcessorsMax, "no more processors are remembered than the limit");
        Mend(new BrokenLink(options.Self, peer));
    }

    /// <summary>A join came from this processor, and shows by its trailer whether it runs this engine. A name may be
    /// another's after a restart, but not without a join.</summary>
    public void Shows(ProcessorId peer, bool isKin)
    {
        if (isKin && _kin.Count >= ProcessorsMax && !_kin.Contains(peer))
            ForgetTheSilent();
        if (isKin)
            _kin.Add(peer);
        else
            _kin.Remove(peer);
        Invariant.That(_kin.Count <= ProcessorsMax, "no more kin are remembered than the limit");
    }

    /// <summary>True when all of them, ourselves apart, are known to run this engine.</summary>
    public bool AreKin(ProcessorSet members)
    {
        foreach (var member in members)
        {
            if (member != options.Self && !_kin.Contains(member))
                return false;
        }

        return true;
    }

    /// <summary>
    /// How far back "we hear it" reaches. A processor in commit sends no joins until the commit token is lost or comes;
    /// it must not be taken for dead, or for deaf, because of that.
    /// </summary>
    public Instant HeardSince(Instant now) =>
        new(now.Ticks - options.TokenTimeout.Ticks - (JoinsUntilSilent * options.JoinInterval.Ticks));

    public bool HasHeardSince(ProcessorId peer, Instant since) => _heardAt.TryGetValue(peer, out var at) && at >= since;

    /// <summary>A join message lists us as failed: its sender does not hear us, or keeps company
    /// that we do not hear.</summary>
    /// <param name="excluder">The sender.</param>
    /// <param name="company">The processors that it means to form a ring with.</param>
    /// <param name="since">How far back "heard" reaches.</param>
    public void ExcludedBy(ProcessorId excluder, ProcessorSet company, Instant since)
    {
        if (_deafToUs.Count >= ProcessorSet.MaxCount)
            ForgetTheSilent();
        _deafToUs = _deafToUs.With(excluder);
        Invariant.That(_deafToUs.Count <= ProcessorSet.MaxCount, "no more grudges are remembered than a set holds");
        SetBlockers(excluder, company
            .Where(member => member != excluder && member != options.Self && !HasHeardSince(member, since))
            .Select(member => new BrokenLink(options.Self, member)));
    }

    /// <summary>The processor does not exclude us any more.</summary>
    public void Welcomed(ProcessorId peer)
    {
        _deafToUs = _deafToUs.Without(peer);
        _blockersOf.Remove(peer);
    }

    /// <summary>The news that others should have before they try to merge with us; it counts as told.</summary>
    public MergeTrailer Tell(Instant now)
    {
        (_told, _toldAt) = (WelcomedLately(now), now);
        return new MergeTrailer(_told, _broken);
    }

    /// <summary>True when we hear somebody of whom we have not said so.</summary>
    public bool HasNews(Instant now) =>
        now - _toldAt >= QuietIntervalsMax * options.MergeDetectInterval || !WelcomedLately(now).IsSubsetOf(_told);

    /// <summary>A merge detect says with whom its sender can work; <paramref name="since"/> is how far back "heard"
    /// reaches. A processor that does not say (corosync) gets the benefit of the doubt.</summary>
    public void Told(ProcessorId peer, MergeTrailer? trailer, Instant since)
    {
        if (trailer is null)
        {
            Welcomed(peer);
            return;
        }

        if (trailer.Heard.Contains(options.Self))
            _deafToUs = _deafToUs.Without(peer);
        Hears(peer, trailer.Heard);
        SetBlockers(peer, trailer.Broken.Where(link => link.Includes(options.Self)
            && !(link.Listener == options.Self && HasHeardSince(link.Speaker, since))));
    }

    /// <summary>A processor says whom it hears.</summary>
    public void Hears(ProcessorId listener, ProcessorSet speakers)
    {
        foreach (var speaker in speakers)
            Mend(new BrokenLink(listener, speaker));
    }

    /// <summary>A ring is installed: broken links across its edge are remembered, and no others.</summary>
    public void HandleInstalled(ProcessorSet members, IEnumerable<BrokenLink> brokenInGather)
    {
        // The latest first: what was remembered of somebody that is never heard must not take the place of what is.
        var across = brokenInGather.Concat(_broken).Distinct().Where(link =>
            !link.Includes(options.Self) && members.Contains(link.Listener) != members.Contains(link.Speaker));
        var kept = across.Take(BrokenLinkList.CountMax).ToArray();
        _broken.Clear();
        _broken.UnionWith(kept);
        Invariant.That(_broken.Count <= BrokenLinkList.CountMax, "no more links are remembered than a trailer holds");
        _deafToUs = _deafToUs.Except(members);
        foreach (var member in members)
            _blockersOf.Remove(member);
    }

    /// <summary>
    /// A ring is installed without those who lost commit tokens: they are left alone for a while, each time for twice
    /// as long, so that the others' ring stands. A member that has been on a ring with us for as long as it was left
    /// alone is as good as anybody.
    /// </summary>
    public void Rest(ProcessorSet members, ProcessorSet unfit, Instant now)
    {
        foreach (var (peer, rest) in _resting)
        {
            if (members.Contains(peer) && now - rest.Until > rest.Length)
                _resting.Remove(peer);
        }

        foreach (var peer in unfit)
        {
            var length = _resting.TryGetValue(peer, out var rest) ? rest.Length * 2 : options.TokenTimeout * RestMin;
            if (length > options.TokenTimeout * RestMax)
                length = options.TokenTimeout * RestMax;
            if (_resting.Count < ProcessorsMax || _resting.ContainsKey(peer))
                _resting[peer] = (now + length, length);
        }

        Invariant.That(_resting.Count <= ProcessorsMax, "no more are left alone than the limit");
    }

    /// <summary>Somebody is left alone, and will be met again.</summary>
    public bool IsAnybodyResting(Instant now) => _resting.Values.Any(rest => now < rest.Until);

    /// <summary>It lost commit tokens of late, and is left alone.</summary>
    public bool IsResting(ProcessorId peer, Instant now) =>
        _resting.TryGetValue(peer, out var rest) && now < rest.Until;

    /// <summary>Why a frame of another ring leads nowhere; <see cref="Obstacle.None"/> when it may.</summary>
    public Obstacle ObstacleTo(ProcessorId stranger, ProcessorSet members)
    {
        foreach (var link in _broken)
        {
            if (link.Includes(stranger) && members.Contains(link.OtherEnd(stranger)))
                return Obstacle.MemberLink;
        }

        if (_blockersOf.ContainsKey(stranger))
            return Obstacle.OurLinkToItsCompany;
        return _deafToUs.Contains(stranger) ? Obstacle.ItCannotHearUs : Obstacle.None;
    }

    /// <summary>
    /// Something here is full. No network has so many processors, so somebody made names up: of those whom we have
    /// heard only the half that spoke last is kept, and nothing about anybody else. A real one that is forgotten is
    /// known again when it speaks.
    /// </summary>
    private void ForgetTheSilent()
    {
        var kept = _heardAt.OrderByDescending(x => x.Value).ThenBy(x => x.Key)
            .Take(ProcessorSet.MaxCount / 2).ToArray();
        _heardAt.Clear();
        foreach (var (peer, at) in kept)
            _heardAt[peer] = at;
        _kin.RemoveWhere(x => !_heardAt.ContainsKey(x));
        _deafToUs = _deafToUs.Intersect(ProcessorSet.Of([.. _heardAt.Keys]));
        foreach (var peer in _blockersOf.Keys.Where(x => !_heardAt.ContainsKey(x)).ToArray())
            _blockersOf.Remove(peer);
    }

    private void Mend(BrokenLink link)
    {
        _broken.Remove(link);
        foreach (var (peer, links) in _blockersOf)
        {
            if (links.Remove(link) && links.Count == 0)
                _blockersOf.Remove(peer);
        }
    }

    /// <summary>The processors that we have heard of late.</summary>
    public ProcessorSet HeardLately(Instant now)
    {
        var lately = ProcessorSet.Empty;
        foreach (var (peer, at) in _heardAt)
        {
            if (now - at <= 5 * options.MergeDetectInterval && lately.Count < ProcessorSet.MaxCount)
                lately = lately.With(peer);
        }

        return lately;
    }

    /// <summary>The same, but for those who are left alone: who does not find itself here waits,
    /// instead of calling.</summary>
    private ProcessorSet WelcomedLately(Instant now)
    {
        var lately = HeardLately(now);
        foreach (var (peer, rest) in _resting)
        {
            if (now < rest.Until)
                lately = lately.Without(peer);
        }

        return lately;
    }

    private void SetBlockers(ProcessorId peer, IEnumerable<BrokenLink> links)
    {
        var blockers = links.ToHashSet();
        if (_blockersOf.Count >= ProcessorsMax && !_blockersOf.ContainsKey(peer))
            ForgetTheSilent();
        if (blockers.Count == 0)
            _blockersOf.Remove(peer);
        else
            _blockersOf[peer] = blockers;
        Invariant.That(_blockersOf.Count <= ProcessorsMax, "no more obstacles are remembered than the limit");
    }
}

/// <summary>Why two rings cannot become one now although frames pass between them.</summary>
internal enum Obstacle
{
    None,

    /// <summary>A member of our ring and the stranger do not hear each other.</summary>
    MemberLink,

    /// <summary>A member of the stranger's ring and we do not hear each other.</summary>
    OurLinkToItsCompany,

    /// <summary>The stranger said that it does not hear us; we show ourselves, and wait until it does.</summary>
    ItCannotHearUs,
}
