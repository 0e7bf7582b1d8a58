using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>Seats whose process is known to be dead, until another one sits there.</summary>
internal sealed class KnownDeaths
{
    private readonly HashSet<uint> _dead = [];
    private readonly HashSet<uint> _seen = [];

    /// <summary>A process is dead.</summary>
    /// <returns>False when that is no news.</returns>
    public bool TryAdd(uint seat) => _dead.Add(seat);

    /// <summary>This session has seen a death that the others learn of later. For people only.</summary>
    public void Note(uint seat) => _seen.Add(seat);

    /// <summary>Somebody sits there.</summary>
    public void Forget(uint seat)
    {
        _dead.Remove(seat);
        _seen.Remove(seat);
    }

    public bool Contains(uint seat) => _dead.Contains(seat);

    /// <summary>For people only: nothing may be decided by it.</summary>
    public bool IsSeen(PeerId peer) => _dead.Contains(peer.Seat) || _seen.Contains(peer.Seat);

    /// <summary>For people.</summary>
    public override string ToString() => string.Join(' ', _dead);
}
