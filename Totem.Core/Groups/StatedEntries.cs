using Totem.Core.Diagnostics;

namespace Totem.Core.Groups;

/// <summary>The processes that the members of a ring have named while they synchronise.</summary>
internal sealed class StatedEntries
{
    /// <summary>The most processes that one node can name in one message.</summary>
    public const int CountOfNodeMax = 4096;

    private readonly Dictionary<(GroupName Name, GroupMember Member), GroupEntry> _stated = [];
    private readonly Dictionary<ProcessorId, int> _countOf = [];
    private readonly HashSet<(GroupName Name, GroupMember Member)> _leftMeanwhile = [];

    public IReadOnlyDictionary<(GroupName Name, GroupMember Member), GroupEntry> All => _stated;

    public bool Contains(GroupName name, GroupMember member) => _stated.ContainsKey((name, member));

    /// <summary>A list of one node.</summary>
    public void Take(List<(GroupName Name, GroupEntry Entry)> list)
    {
        // A leave may overtake the list that still names the process (WIRE §16, 31).
        foreach (var (name, entry) in list)
        {
            var said = _countOf.GetValueOrDefault(entry.Member.Node);
            if (said < CountOfNodeMax && !_leftMeanwhile.Contains((name, entry.Member))
                && _stated.TryAdd((name, entry.Member), entry))
                _countOf[entry.Member.Node] = said + 1;
            Invariant.That(said <= CountOfNodeMax, "no node is heard of more processes than the limit");
        }
    }

    /// <summary>The process has joined: what was said of its leave does not count any more.</summary>
    public void NoteJoin(GroupName name, GroupMember member) => _leftMeanwhile.Remove((name, member));

    /// <summary>The process has left, and no list that comes later may bring it back while members
    /// synchronise.</summary>
    public void NoteLeave(GroupName name, GroupMember member, bool isSynchronising)
    {
        if (isSynchronising && _leftMeanwhile.Count < GroupTable.EntriesMax)
            _leftMeanwhile.Add((name, member));
        _stated.Remove((name, member));
    }

    /// <summary>The members have agreed.</summary>
    public void Clear()
    {
        _stated.Clear();
        _countOf.Clear();
    }

    /// <summary>A synchronisation begins.</summary>
    public void Restart()
    {
        Clear();
        _leftMeanwhile.Clear();
    }
}
