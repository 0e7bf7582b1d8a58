using Totem.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.Sessions;

/// <summary>The rules that must hold whenever a model is quiet.</summary>
internal static class SequenceRules
{
    public static void Check(ModelCluster cluster)
    {
        var informed = cluster.Alive.Where(x => x.Session.Phase == SessionPhase.Joined).ToList();
        if (informed.Count == 0)
            return;

        // O1, O2: all the same sequence, each from its own accept on.
        var longest = informed.MaxBy(x => x.Log.Count)!;
        foreach (var sheep in informed)
        {
            Assert.StartsWith($"accept {sheep.Identity} ", sheep.Log[0], StringComparison.Ordinal);
            Assert.Equal(longest.Log[^sheep.Log.Count..], sheep.Log);
        }

        // Nothing of the dead stays.
        var alive = cluster.Alive.Select(x => x.Peer).ToHashSet();
        foreach (var state in informed.Select(x => x.Session.Known!))
        {
            Assert.All(state.Informed, x => Assert.Contains(x.Peer, alive));
            Assert.All(state.Pending, x => Assert.Contains(x.Peer, alive));
            Assert.All(state.Blocks, x => Assert.Contains(x.Owner, alive));
            Assert.All(state.Locks.Values.SelectMany(x => x), x => Assert.Contains(x.Owner, alive));
            Assert.Equal(informed[0].Session.Known!.Blocks, state.Blocks);
            Assert.Equal(informed[0].Session.Known!.Informed, state.Informed);
        }

        // O5, A7: as many leaves as there were accepts of those who are gone.
        foreach (var identity in longest.Log.Select(x => x.Split(' ')).Where(x => x[0] is "accept").Select(x => x[1])
            .Distinct())
        {
            var accepts = longest.Log.Count(x => x.StartsWith($"accept {identity} ", StringComparison.Ordinal));
            // A leave before the first accept here is that of a membership before this log began.
            var leaves = longest.Log.SkipWhile(x => !x.StartsWith($"accept {identity} ", StringComparison.Ordinal))
                .Count(x => x.StartsWith($"leave {identity} ", StringComparison.Ordinal));
            var isMember = longest.Session.Members.Any(
                x => ModelSheep.IdOf(x).ToString(System.Globalization.CultureInfo.InvariantCulture) == identity);
            Assert.Equal(isMember ? 1 : 0, accepts - leaves);
        }
    }
}
