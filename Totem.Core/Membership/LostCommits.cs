using Totem.Core.Diagnostics;
using Totem.Core.Time;

namespace Totem.Core.Membership;

/// <summary>
/// Commit tokens that did not come back while one gather lasted. All agree, somebody does not take the token or does
/// not pass it on, and they agree again: without this they would do so for as long as that member lives
/// (docs/design/protocol.md, "Who loses the commit token").
/// </summary>
/// <param name="since">When the gather began.</param>
/// <param name="promptness">A processor that is fit is heard within that time.</param>
/// <param name="lossMin">A commit that ends sooner was torn by somebody who had news; it was not lost.</param>
internal sealed class LostCommits(Instant since, TimeSpan promptness, TimeSpan lossMin)
{
    /// <summary>One can be lost on any network.</summary>
    private const int CountUntilBlamed = 2;

    private readonly Dictionary<ProcessorId, ulong> _shown = [];
    private readonly HashSet<ProcessorId> _late = [];
    private readonly HashSet<ProcessorId> _back = [];
    private readonly HashSet<ProcessorId> _without = [];
    private Instant _committedAt;
    private ulong? _sequence;
    private Instant _endedAt = since;
    private Instant _lostAt;
    private int _count;

    /// <summary>It has happened so often, with nobody given up in between, that somebody is to blame.</summary>
    public bool AreTooMany => _count >= CountUntilBlamed;

    /// <summary>It has happened so often at some time.</summary>
    public bool WereTooMany { get; private set; }

    /// <summary>The commit to a ring has come to nothing.</summary>
    public void Lost(ulong sequence, Instant now)
    {
        if (_sequence is { } known && !RingId.IsLater(sequence, known))
            return;
        var lasted = now - _endedAt;
        (_sequence, _endedAt) = (sequence, now);
        if (lasted < lossMin)
            return;
        _count++;
        WereTooMany |= AreTooMany;
        _lostAt = now;
        _late.Clear();
        _back.Clear();
    }

    /// <summary>Somebody has been given up, and those who are left begin anew.</summary>
    public void Forgive() => _count = 0;

    /// <summary>A join of a candidate shows the latest ring that it was on or has committed to.</summary>
    public void Shown(ProcessorId id, ulong sequence, Instant now)
    {
        // A processor that had spoken before and shows a later ring now has seen a commit token
        // that came to nothing, whether or not it came to us.
        var isKnown = _shown.TryGetValue(id, out var before);
        if (isKnown && RingId.IsLater(sequence, before))
            Lost(sequence, now);
        if (isKnown ? RingId.IsLater(sequence, before) : _shown.Count < ProcessorSet.MaxCount)
            _shown[id] = sequence;
        if (_count > 0 && _back.Count < ProcessorSet.MaxCount && _back.Add(id) && now - _lostAt > promptness)
            _late.Add(id);
        Invariant.That(_late.Count <= _back.Count, "a processor that is late has come back");
        Invariant.That(_shown.Count <= ProcessorSet.MaxCount, "no more rings are remembered than there are members");
    }

    /// <summary>We have committed, and passed the commit token on.</summary>
    public void Committed(Instant now)
    {
        _committedAt = now;
        _without.Clear();
    }

    /// <summary>While we were committed somebody still asked for a ring, and did not know of the commit. Long after it,
    /// that is somebody whom the token has not reached: who is in commit is silent.</summary>
    public void StillAsked(ProcessorId id, Instant now)
    {
        if (now - _committedAt > promptness && _without.Count < ProcessorSet.MaxCount)
            _without.Add(id);
        Invariant.That(_without.Count <= ProcessorSet.MaxCount, "no more are remembered than a set holds");
    }

    /// <summary>
    /// Those of them that lost it, seen from the representative: who was still busy when all others were asking again
    /// (its host stores slowly, or stands still); else the first whom the token did not reach, in the order of its way;
    /// else we, who did not get it back.
    /// </summary>
    public ProcessorId FindCulprit(ProcessorSet members, ProcessorId self)
    {
        foreach (var suspects in (ReadOnlySpan<HashSet<ProcessorId>>)[_late, _without])
        {
            foreach (var id in members)
            {
                if (suspects.Contains(id))
                    return id;
            }
        }

        return self;
    }
}
