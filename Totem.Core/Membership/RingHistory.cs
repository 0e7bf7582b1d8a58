using Totem.Core.Diagnostics;

namespace Totem.Core.Membership;

/// <summary>
/// The rings this processor has been or tried to be on. Frames of theirs are late, not foreign: without us none of
/// these rings can go on, since its token passes through us.
/// </summary>
internal sealed class RingHistory
{
    private const int CountMax = 32;

    private readonly RingId[] _rings = new RingId[CountMax];
    private int _next;

    public void Add(RingId ring)
    {
        if (Contains(ring))
            return;
        _rings[_next] = ring;
        _next = (_next + 1) % CountMax;
        Invariant.That(_next is >= 0 and < CountMax, "the oldest ring makes room for the newest");
    }

    public bool Contains(RingId ring) => Array.IndexOf(_rings, ring) >= 0;
}
