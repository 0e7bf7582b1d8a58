using Totem.Core.Model;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// Draws a scenario from a 64-bit seed. Each draws first which kinds of fault it knows at all (swarm testing): a run
/// with two kinds many times over reaches states that a run with a little of everything never does.
/// </summary>
public static class ScenarioGenerator
{
    // Percent, for 2 to 14 processors: three to five are what people run, and the fastest to search.
    private static readonly int[] ProcessorWeights = [8, 28, 18, 18, 7, 5, 4, 3, 2, 2, 2, 1, 2];

    /// <summary>The scenario of this seed: always the same.</summary>
    /// <param name="seed">Any 64 bits.</param>
    /// <param name="processors">How many processors it has; null draws 2 to 14.</param>
    /// <param name="ring">Which kind of ring; null draws it.</param>
    public static FaultScript Draw(ulong seed, int? processors = null, RingKind? ring = null)
    {
        var random = new SimulationRandom(seed);
        var drawn = DrawProcessorCount(random);
        var setup = DrawSetup(random, processors ?? drawn);
        var script = ParkDraw.Apply(
            seed, ReaderDraw.Apply(seed, StoredDraw.Apply(seed, new ScriptDraw(random, setup).Draw())));
        return AcceleratedDraw.Apply(seed, GrowthDraw.Apply(seed, script), ring);
    }

    /// <summary>The scenario of this seed with process groups: the same faults, and processes that
    /// join, speak and leave.</summary>
    /// <param name="seed">Any 64 bits.</param>
    /// <param name="processors">How many processors it has; null draws 2 to 14.</param>
    /// <param name="ring">Which kind of ring; null draws it.</param>
    public static FaultScript DrawGroups(ulong seed, int? processors = null, RingKind? ring = null) =>
        GroupDraw.Draw(seed, Draw(seed, processors, ring));

    /// <summary>The scenario of this seed on kronosnet: faults of links too, keys, attackers.</summary>
    /// <param name="seed">Any 64 bits.</param>
    /// <param name="processors">How many processors it has; null draws 2 to 6.</param>
    /// <param name="ring">Which kind of ring; null draws it.</param>
    public static FaultScript DrawKnet(ulong seed, int? processors = null, RingKind? ring = null) =>
        KnetDraw.Draw(seed, processors, ring);

    /// <summary>
    /// A scenario of so many processors in which one pair never hears each other, from the start or from some moment
    /// on, while everybody else hears everybody.
    /// </summary>
    public static FaultScript DrawPairCut(ulong seed, int processors, RingKind? ring = null)
    {
        var random = new SimulationRandom(seed);
        var setup = DrawSetup(random, processors);
        return AcceleratedDraw.Apply(seed, GrowthDraw.Apply(seed, new ScriptDraw(random, setup).DrawPairCut()), ring);
    }

    private static int DrawProcessorCount(SimulationRandom random)
    {
        var roll = random.Below(ProcessorWeights.Sum());
        var count = 2;
        foreach (var weight in ProcessorWeights)
        {
            if (roll < weight)
                break;
            roll -= weight;
            count++;
        }

        return count;
    }

    private static ClusterSetup DrawSetup(SimulationRandom random, int count)
    {
        var latency = TimeSpan.FromMicroseconds(random.Between(100, 1000));
        // More jitter than latency means that datagrams overtake one another all the time.
        var jitter = TimeSpan.FromMicroseconds(random.Chance(0.3) ? 0 : random.Between(0, 2000));
        var ids = DrawIds(random, count);
        var store = random.Chance(0.3) ? TimeSpan.FromMicroseconds(random.Between(10, 2000)) : TimeSpan.Zero;
        return new ClusterSetup
        {
            Seed = random.Next(),
            Processors = ids,
            Latency = latency,
            Jitter = jitter,
            StoreLatency = store,
            UnreachableRate = random.Chance(0.5) ? 0 : Percent(random, 1, 100),
            Options = DrawOptions(random, count * (latency + jitter + store), ids),
            Stored = DrawStored(random, ids),
        };
    }

    private static ProcessorId[] DrawIds(SimulationRandom random, int count)
    {
        if (!random.Chance(0.08))
            return [.. ClusterSetup.Numbered(count)];
        // Ids that break whoever compares them as signed numbers or uses them as an index.
        var ids = new SortedSet<ProcessorId>();
        while (ids.Count < count)
            ids.Add(new ProcessorId((uint)Math.Max(1, random.Chance(0.5) ? random.Next() >> 32 : random.Next() >> 56)));
        return [.. ids];
    }

    internal static RingOptions DrawOptions(SimulationRandom random, TimeSpan rotation, ProcessorId[] ids)
    {
        // The shortest sensible timeouts for this network, so that virtual time is short: several rotations fit into a
        // token timeout, else no ring could last.
        var tokenMs = Math.Max(30, Math.Ceiling(rotation.TotalMilliseconds * random.Between(4, 12)));
        var token = TimeSpan.FromMilliseconds(tokenMs);
        var retransmit = TimeSpan.FromMilliseconds(Math.Max(2, Math.Floor(tokenMs / 4.2)));
        var join = TimeSpan.FromMilliseconds(Math.Max(2, Math.Floor(tokenMs / random.Between(8, 20))));
        var window = random.Chance(0.5) ? 50 : (int)random.Between(1, 20);
        var perVisit = window == 50 ? 17 : (int)random.Between(1, window);
        var receiveWindow = random.Pick([64, 128, 256, 1024, 16384]);
        if (receiveWindow / 2 <= window)
            receiveWindow = 128;
        return ClusterSetup.FastOptions with
        {
            TokenTimeout = token,
            TokenRetransmit = retransmit,
            TokenHold = TimeSpan.FromMilliseconds(Math.Max(1, Math.Floor(retransmit.TotalMilliseconds * 0.8 - 1))),
            IdleVisitsBeforeHold = random.Chance(0.8) ? (int)random.Between(1, 6) : 30,
            JoinInterval = join,
            AloneTimeout = 3 * join,
            ConsensusTimeout = TimeSpan.FromMilliseconds(Math.Floor(tokenMs * 1.2)),
            MergeDetectInterval = TimeSpan.FromMilliseconds(Math.Max(2, Math.Floor(tokenMs / 5))),
            FailToReceiveTimeout = random.Between(1, 4) * token,
            Allowed = random.Chance(0.5) ? ProcessorSet.Of(ids) : null,
            WindowSize = window,
            MaxMessagesPerVisit = perVisit,
            NetMtu = random.Pick([576, 1500, 1500, 1500, 9000, (int)random.Between(576, 9000)]),
            ReceiveWindow = receiveWindow,
            MaxReceiveWindowBytes = random.Chance(0.2) ? 1 << 20 : ClusterSetup.FastOptions.MaxReceiveWindowBytes,
            MaxSendQueueMessages = random.Chance(0.2) ? (int)random.Between(1, 20) : 65536,
            FirstSeq = new Seq(random.Chance(0.25) ? uint.MaxValue - (uint)random.Between(0, 60) : 0),
            FirstTokenSeq = new TokenSeq(random.Chance(0.25) ? uint.MaxValue - (uint)random.Between(0, 200) : 0),
        };
    }

    private static Dictionary<ProcessorId, ulong> DrawStored(SimulationRandom random, ProcessorId[] ids)
    {
        // New everywhere; lives behind us; the same where the number wraps.
        var start = random.Below(10) switch
        {
            < 6 => (ulong?)null,
            < 9 => (ulong)random.Between(0, 1L << 40),
            _ => ulong.MaxValue - (ulong)random.Between(0, 40),
        };
        if (start is not { } from)
            return [];
        return ids.ToDictionary(x => x, _ => unchecked(from + (ulong)random.Between(0, 60)));
    }

    internal static double Percent(SimulationRandom random, int low, int high) => random.Between(low, high) / 100.0;
}
