namespace Totem.Tests.Mutation;

/// <summary>The rules of groups, broken on purpose one at a time: the model or the simulator must
/// notice each.</summary>
public sealed class GroupMutationTests
{
    /// <summary>Scenarios a mutant may survive. All of these are caught within a fraction of it.</summary>
    private const int ScenariosMax = 2000;

    public static TheoryData<Mutant> Mutants { get; } =
    [
        new("gives a synchronisation up when its ring ends", "Groups/GroupSynchroniser.cs",
            "_transitional = configuration;", "_transitional = configuration; _synchronisation = null;"),
        new("takes the dead for processes that ended", "Groups/GroupSynchroniser.cs",
            "var down = _agreed.Except(comeAlong);", "var down = ProcessorSet.Empty;"),
        new("keeps processes of the dead", "Groups/GroupSynchroniser.cs",
            "foreach (var group in table.Groups.ToArray())\n        {\n            foreach (var entry in "
                + "group.Entries.ToArray())\n            {\n                if (down.Contains(entry.Member.Node))",
            "foreach (var g in table.Groups) _stated.Take([.. g.Entries.Select(y => (g.Name, y))]);\n        {\n "
                + "           var group = table.FindOrAdd(GroupName.Parse(\"x\"));\n            foreach (var entry in "
                + "group.Entries.ToArray())\n            {\n                if (down.Contains(entry.Member.Node))"),
        new("takes those for gone who left after the synchronisation began", "Groups/GroupSynchroniser.cs",
            "(_cameAlongBefore ?? _agreed)", "(_cameAlong ?? _agreed)"),
        new("begins a phase before the last one has ended", "Groups/Synchronisation.cs",
            "if (_marked.Count < Members.Count)", "if (_marked.Count < Members.Count - 1)"),
        new("says nothing of its processes", "Groups/GroupSynchroniser.cs",
            ".Where(x => x.Member.Node == self)", ".Where(x => false)"),
        new("sends before the members have synchronised", "Groups/GroupSynchroniser.cs",
            "_regular = configuration;", "_regular = configuration; ring.EndSynchronisation(configuration.Ring, now);"),
    ];

    /// <summary>Broken where only real rings and real messages show it: these the simulator must notice.</summary>
    public static TheoryData<Mutant> SimulatedMutants { get; } =
    [
        new("takes a message for one of the process before", "Groups/GroupMessages.cs",
            "if (table.Find(element.Sender, message.Tag) is not { } sender)",
            "if (table.Find(element.Sender, (ushort)Math.Max(1, message.Tag - 1)) is not { } sender)",
            "G4", "G5", "G6"),
        new("takes the dead for processes that ended", "Groups/GroupSynchroniser.cs",
            "var down = _agreed.Except(comeAlong);", "var down = ProcessorSet.Empty;",
            "G3"),
        new("tells only some of a leave", "Groups/GroupMessages.cs",
            "Note(group, [], [new GroupMemberChange(member, reason)], receivers);",
            "Note(group, [], [new GroupMemberChange(member, reason)], [.. receivers.Where(x => x.Pid == member.Pid)]);",
            "G3", "G1"),
        new("drops its messages when the ring changes", "Packing/ApplicationFrames.cs",
            "_regular.Restart();", "_regular.Restart(); if (use.Synchronises) _regular.Queue.Clear();",
            "G4", "G5", "G6", "1.2", "liveness"),
        new("keeps the beginning of a message whose sender ended", "Groups/PartialMessages.cs",
            "if (!_open.Remove((group, sender), out var partial))",
            "if (!(_open.TryGetValue((group, sender), out var partial) && partial.WholeBytes > int.MaxValue))",
            "G4", "G5", "engine"),
        new("takes the first part of a message for all of it", "GroupProcessor.cs",
            "payload.Length == wholeBytes ? MessagePart.Whole", "wholeBytes < 0 ? MessagePart.Whole",
            "G5"),
        new("has no room for its own synchronisation", "Packing/ApplicationFrames.cs",
            "private const int SyncMessagesMax = 16;", "private const int SyncMessagesMax = 1;",
            "engine"),
    ];

    [Theory]
    [MemberData(nameof(SimulatedMutants), DisableDiscoveryEnumeration = true)]
    public void A_rule_broken_on_real_rings_is_noticed(Mutant mutant)
    {
        ArgumentNullException.ThrowIfNull(mutant);
        var core = MutatedCore.Compile(mutant);
        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 1UL; seed <= ScenariosMax; seed++)
        {
            if (core.BrokenGroupRule(seed) is not { } rule)
                continue;
            if (mutant.Rules.Contains(rule, StringComparer.Ordinal))
                return;
            seen[rule] = seen.GetValueOrDefault(rule) + 1;
        }

        Assert.Fail($"A processor that {mutant.Name} was not noticed under {string.Join(" or ", mutant.Rules)} in "
            + $"{ScenariosMax} scenarios; rules it broke: {string.Join(", ", seen)}.");
    }

    [Theory]
    [MemberData(nameof(Mutants), DisableDiscoveryEnumeration = true)]
    public void A_broken_rule_is_noticed(Mutant mutant)
    {
        ArgumentNullException.ThrowIfNull(mutant);
        Assert.NotNull(MutatedCore.Compile(mutant).BrokenGroupPromise());
    }
}
