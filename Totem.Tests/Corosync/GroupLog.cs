using System.Buffers.Binary;

namespace Totem.Tests.Corosync;

/// <summary>Everything that one client of a group was told, in its order; from its join on.</summary>
internal sealed class GroupLog
{
    private const int EventsInReport = 10;
    private const int SenderAndNumberBytes = 12;

    private readonly List<GroupEvent> _events = [];
    private readonly Dictionary<GroupMember, Known> _known = [];
    private readonly string _name;

    public GroupLog(string name)
    {
        _name = name;
        Reports = new Reports(Describe);
    }

    /// <summary>Guards the log, and waits for it.</summary>
    public Reports Reports { get; }

    /// <summary>The members after the last change.</summary>
    public IReadOnlyList<GroupMember> Members { get; private set; } = [];

    /// <summary>How many messages there have been.</summary>
    public int MessageCount { get; private set; }

    /// <summary>A copy of the events so far.</summary>
    public IReadOnlyList<GroupEvent> Events => Reports.Read(() => _events.ToArray());

    /// <summary>The number of the last message of a sender; 0 for none. Under the lock.</summary>
    public uint LastNumberOf(GroupMember sender) => _known.TryGetValue(sender, out var known) ? known.LastNumber : 0;

    /// <summary>
    /// Takes an event in. The shortest messages do not carry their number. A sender's messages come in its order, so
    /// the next one that does tells those before it as well.
    /// </summary>
    public void Append(GroupEvent happened) => Reports.Apply(() =>
    {
        _events.Add(happened);
        switch (happened)
        {
            case GroupMessage message:
                MessageCount++;
                Number(message);
                break;
            case GroupChange change:
                Members = change.Members;
                foreach (var (member, _) in change.Left)
                    _known.Remove(member);
                break;
            default:
                break;
        }
    });

    private void Number(GroupMessage message)
    {
        if (!_known.TryGetValue(message.Sender, out var known))
            _known[message.Sender] = known = new Known();
        if (message.Number == 0)
        {
            known.Unnumbered.Add(_events.Count - 1);
            return;
        }

        known.LastNumber = message.Number;
        for (var i = 0; i < known.Unnumbered.Count; i++)
        {
            var number = message.Number - (uint)(known.Unnumbered.Count - i);
            _events[known.Unnumbered[i]] = (GroupMessage)_events[known.Unnumbered[i]] with { Number = number };
        }

        known.Unnumbered.Clear();
    }

    /// <summary>The hash over (sender, number) of these messages, in their order: FNV-1a, as in cpg_load.c.</summary>
    public static ulong OrderHash(IEnumerable<GroupEvent> events)
    {
        var hash = 14695981039346656037UL;
        Span<byte> bytes = stackalloc byte[SenderAndNumberBytes];
        foreach (var message in events.OfType<GroupMessage>())
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, message.Sender.Node);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], message.Sender.Pid);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], message.Number);
            foreach (var value in bytes)
                hash = unchecked((hash ^ value) * 1099511628211UL);
        }

        return hash;
    }

    private string Describe()
    {
        var lines = _events.TakeLast(EventsInReport).Select(x => x.ToString());
        return string.Join("\n    ",
            [$"{_name}: {MessageCount} messages, members {{{string.Join(", ", Members)}}}; last:", .. lines]);
    }

    private sealed class Known
    {
        public uint LastNumber { get; set; }

        /// <summary>Where its messages since then are whose number is not known yet.</summary>
        public List<int> Unnumbered { get; } = [];
    }
}
