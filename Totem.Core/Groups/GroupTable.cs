using Totem.Core.Diagnostics;

namespace Totem.Core.Groups;

/// <summary>A member of a group as the table keeps it.</summary>
/// <param name="Member">The member.</param>
/// <param name="Tag">Which membership of its node it is; 0 when the node does not say, as corosync.</param>
internal readonly record struct GroupEntry(GroupMember Member, ushort Tag);

/// <summary>One group: its members everywhere, and who here hears of it.</summary>
internal sealed class Group(GroupName name, long number)
{
    private readonly List<GroupEntry> _entries = [];
    private GroupMembership[] _receivers = [];
    private GroupMembership[] _listeners = [];

    public GroupName Name => name;

    /// <summary>The higher the newer.</summary>
    public long Number => number;

    /// <summary>Sorted by node, then by process.</summary>
    public IReadOnlyList<GroupEntry> Entries => _entries;

    /// <summary>Replaced, never changed, so that who walks it may leave meanwhile.</summary>
    public IReadOnlyList<GroupMembership> Receivers => _receivers;

    /// <summary>Those of the receivers that are handed messages, and not changes only.</summary>
    public IReadOnlyList<GroupMembership> Listeners => _listeners;

    public bool IsEmpty => _entries.Count == 0 && _receivers.Length == 0;

    public GroupMember[] Members() => [.. _entries.Select(x => x.Member)];

    public bool Contains(GroupMember member) => Find(member) >= 0;

    public bool HasMemberOn(ProcessorId node)
    {
        // The first member at or behind the lowest possible one of the node.
        var at = Find(new GroupMember(node, 0));
        at = at < 0 ? ~at : at;
        return at < _entries.Count && _entries[at].Member.Node == node;
    }

    /// <summary>False when it is a member already; then its tag is noted if it is known now.</summary>
    public bool TryAdd(GroupEntry entry, out ushort tagBefore)
    {
        var at = Find(entry.Member);
        tagBefore = at >= 0 ? _entries[at].Tag : (ushort)0;
        if (at >= 0)
        {
            if (entry.Tag != 0)
                _entries[at] = entry;
            return false;
        }

        _entries.Insert(~at, entry);
        Invariant.That(
            ~at == 0 || _entries[~at - 1].Member.CompareTo(entry.Member) < 0, "the members of a group are in order");
        return true;
    }

    public bool Remove(GroupMember member, out GroupEntry entry)
    {
        var at = Find(member);
        entry = at >= 0 ? _entries[at] : default;
        if (at >= 0)
            _entries.RemoveAt(at);
        return at >= 0;
    }

    public void AddReceiver(GroupMembership receiver) => SetReceivers([.. _receivers, receiver]);

    public void RemoveReceiver(GroupMembership receiver) => SetReceivers([.. _receivers.Where(x => x != receiver)]);

    private void SetReceivers(GroupMembership[] receivers) =>
        (_receivers, _listeners) = (receivers, [.. receivers.Where(x => x.Receives)]);

    private int Find(GroupMember member)
    {
        var (low, high) = (0, _entries.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = _entries[middle].Member.CompareTo(member);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}

/// <summary>Every group any member of the configuration has a process in. The same at every member
/// once they have synchronised.</summary>
internal sealed class GroupTable
{
    /// <summary>The most that peers can make us remember.</summary>
    public const int EntriesMax = 16_384;

    private readonly Dictionary<GroupName, Group> _groups = new(GroupNameComparer.Instance);
    private readonly Dictionary<GroupName, Group>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;
    private readonly Dictionary<(ProcessorId Node, ushort Tag), (Group Group, GroupMember Member)> _byTag = [];
    private long _created;
    private int _entryCount;
    private long _revision;

    public GroupTable() => _byBytes = _groups.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Grows with each member that comes or goes. Any thread may look.</summary>
    public long Revision => Volatile.Read(ref _revision);

    /// <summary>The members of all groups.</summary>
    public int Count => _entryCount;

    public IReadOnlyCollection<Group> Groups => _groups.Values;

    public Group? Find(ReadOnlySpan<byte> name) => _byBytes.TryGetValue(name, out var group) ? group : null;

    /// <summary>The member that sends under this tag.</summary>
    public (Group Group, GroupMember Member)? Find(ProcessorId node, ushort tag) =>
        _byTag.TryGetValue((node, tag), out var found) ? found : null;

    public Group FindOrAdd(GroupName name)
    {
        if (!_groups.TryGetValue(name, out var group))
            _groups.Add(name, group = new Group(name, ++_created));
        return group;
    }

    /// <summary>The outcome for an entry.</summary>
    public enum Added
    {
        /// <summary>It is a member now.</summary>
        New,

        /// <summary>It was one already.</summary>
        Known,

        /// <summary>There are too many.</summary>
        Full,
    }

    public Added TryAdd(GroupName name, GroupEntry entry, out Group group)
    {
        group = FindOrAdd(name);
        if (_entryCount >= EntriesMax && !group.Contains(entry.Member))
        {
            Tidy(group);
            return Added.Full;
        }

        var isNew = group.TryAdd(entry, out var tagBefore);
        if (isNew)
        {
            _entryCount++;
            _revision++;
        }

        Invariant.That(_entryCount <= EntriesMax, "no more members are remembered than the limit");
        if (entry.Tag == 0)
            return isNew ? Added.New : Added.Known;
        if (tagBefore != entry.Tag)
            _byTag.Remove((entry.Member.Node, tagBefore));
        _byTag[(entry.Member.Node, entry.Tag)] = (group, entry.Member);
        Invariant.That(_byTag.Count <= _entryCount, "a number stands for one member");
        return isNew ? Added.New : Added.Known;
    }

    public bool Remove(Group group, GroupMember member)
    {
        if (!group.Remove(member, out var entry))
            return false;
        _entryCount--;
        _revision++;
        Invariant.That(_entryCount >= 0, "no more members leave than have joined");
        if (Find(member.Node, entry.Tag) is { } tagged && tagged.Group == group && tagged.Member == member)
            _byTag.Remove((member.Node, entry.Tag));
        Tidy(group);
        return true;
    }

    /// <summary>Forgets the group when nobody is in it and nobody here hears of it.</summary>
    public void Tidy(Group group)
    {
        if (group.IsEmpty)
            _groups.Remove(group.Name);
    }
}
