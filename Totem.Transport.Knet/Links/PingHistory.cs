using Totem.Core.Time;

namespace Totem.Transport.Knet.Links;

/// <summary>The pings of one link that a pong may still answer, each by the random number in it. A pong answers
/// once.</summary>
internal sealed class PingHistory
{
    private const int Count = 16;

    private readonly ulong[] _challenges = new ulong[Count];
    private readonly Instant[] _sentAt = new Instant[Count];
    private readonly bool[] _isOpen = new bool[Count];
    private int _next;

    public void Add(ulong challenge, Instant sentAt)
    {
        (_challenges[_next], _sentAt[_next], _isOpen[_next]) = (challenge, sentAt, true);
        _next = (_next + 1) % Count;
    }

    public bool TryFind(ulong challenge, out Instant sentAt)
    {
        for (var i = 0; i < Count; i++)
        {
            if (!_isOpen[i] || _challenges[i] != challenge)
                continue;
            _isOpen[i] = false;
            sentAt = _sentAt[i];
            return true;
        }

        sentAt = default;
        return false;
    }
}
