using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The locks that this session has asked for and does not have yet, or that nobody has taken note
/// of.</summary>
/// <param name="self">The session.</param>
internal sealed class OwnLocks(PeerId self)
{
    private readonly Dictionary<ulong, ulong> _wanted = [];
    private readonly Queue<ulong> _granted = new();

    public bool IsWaiting => _wanted.Count > 0;

    public void Want(ulong ticket, ulong id) => _wanted.Add(ticket, id);

    public void GiveUp(ulong ticket) => _wanted.Remove(ticket);

    /// <summary>Finds the requests that have their lock in this state.</summary>
    public void Update(ClusterState state)
    {
        foreach (var (ticket, id) in _wanted)
        {
            if (state.Locks.TryGetValue(id, out var owners) && owners[0] == new TicketOf(self, ticket))
                _granted.Enqueue(ticket);
        }

        foreach (var ticket in _granted)
            _wanted.Remove(ticket);
    }

    public bool TryTakeGranted(out ulong ticket) => _granted.TryDequeue(out ticket);

    /// <summary>The session is over: its locks are lost.</summary>
    public void Clear() => _granted.Clear();
}
