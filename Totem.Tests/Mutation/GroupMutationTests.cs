namespace Totem.Tests.Mutation;

/// <summary>The rules of groups, broken on purpose one at a time: the model must notice each.</summary>
public sealed class GroupMutationTests
{
    public static TheoryData<Mutant> Mutants { get; } =
    [
        new("gives a synchronisation up when its ring ends", "Groups/GroupLayer.cs",
            "_transitional = configuration;", "_transitional = configuration; _synchronisation = null;"),
        new("takes the dead for processes that ended", "Groups/GroupLayer.cs",
            "var down = _agreed.Except(comeAlong);", "var down = ProcessorSet.Empty;"),
        new("keeps processes of the dead", "Groups/GroupLayer.cs",
            "foreach (var group in _table.Groups.ToArray())\n        {\n            foreach (var entry in group.Entries.ToArray())\n            {\n                if (down.Contains(entry.Member.Node))",
            "_stated.AddRange(_table.Groups.SelectMany(x => x.Entries.Select(y => (x.Name, y))));\n        {\n            var group = _table.FindOrAdd(\"x\");\n            foreach (var entry in group.Entries.ToArray())\n            {\n                if (down.Contains(entry.Member.Node))"),
        new("takes those for gone who left after the synchronisation began", "Groups/GroupLayer.cs",
            "(_cameAlongBefore ?? _agreed)", "(_cameAlong ?? _agreed)"),
        new("begins a phase before the last one has ended", "Groups/Synchronisation.cs",
            "if (_marked.Count < Members.Count)", "if (_marked.Count < Members.Count - 1)"),
        new("says nothing of its processes", "Groups/GroupLayer.cs",
            ".Where(x => x.Member.Node == _self)", ".Where(x => false)"),
        new("sends before the members have synchronised", "Groups/GroupLayer.cs",
            "_regular = configuration;", "_regular = configuration; _ring.EndSynchronisation(configuration.Ring, now);"),
    ];

    [Theory]
    [MemberData(nameof(Mutants), DisableDiscoveryEnumeration = true)]
    public void A_broken_rule_is_noticed(Mutant mutant)
    {
        ArgumentNullException.ThrowIfNull(mutant);
        Assert.NotNull(MutatedCore.Compile(mutant).BrokenGroupPromise());
    }
}
