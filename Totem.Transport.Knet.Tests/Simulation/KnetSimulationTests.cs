using System.Globalization;

namespace Totem.Transport.Knet.Tests.Simulation;

/// <summary>Scenarios from seeds. <c>TOTEM_KNET_SCENARIOS=N</c> runs N of them, <c>TOTEM_KNET_SEED</c> is the
/// first.</summary>
public sealed class KnetSimulationTests
{
    private static readonly ulong Count = Setting("TOTEM_KNET_SCENARIOS", 100);
    private static readonly ulong First = Setting("TOTEM_KNET_SEED", 1);

    [Fact]
    public void What_is_handed_up_is_what_was_sent_at_most_once()
    {
        var faults = new Dictionary<string, int>(StringComparer.Ordinal);
        long delivered = 0;
        for (var seed = First; seed < First + Count; seed++)
        {
            using var scenario = new KnetScenario(seed);
            try
            {
                scenario.Run();
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"seed {seed} ({scenario.Setup}): {exception.Message}", exception);
            }

            delivered += scenario.Cluster.Ledger.DeliveredCount;
            foreach (var (name, count) in scenario.Faults)
                faults[name] = faults.GetValueOrDefault(name) + count;
        }

        string[] kinds = ["cut one way", "cut", "heal", "loss", "reorder", "duplicate", "corrupt", "black hole",
            "interface", "attack", "restart", "rekey"];
        Assert.True(delivered > 100 * (long)Count, $"{delivered} messages in {Count} scenarios");
        if (Count >= 100)
            Assert.All(kinds, x => Assert.True(faults.GetValueOrDefault(x) > 0, $"no scenario had: {x}"));
    }

    [Fact]
    public void A_seed_is_a_run()
    {
        using var first = new KnetScenario(17);
        using var second = new KnetScenario(17);
        first.Run();
        second.Run();
        Assert.Equal(first.Cluster.Now, second.Cluster.Now);
        Assert.Equal(first.Cluster.Ledger.DeliveredCount, second.Cluster.Ledger.DeliveredCount);
        Assert.Equal(first.Cluster.Nodes.SelectMany(x => x.Events), second.Cluster.Nodes.SelectMany(x => x.Events));
    }

    private static ulong Setting(string name, ulong byDefault) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
            ? ulong.Parse(value, CultureInfo.InvariantCulture) : byDefault;
}
