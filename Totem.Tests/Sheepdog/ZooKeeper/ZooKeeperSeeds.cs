using System.Globalization;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The seeds of a simulation: <c>TOTEM_ZOOKEEPER_SEEDS</c> says how many, <c>TOTEM_ZOOKEEPER_SEED</c> the
/// first one.</summary>
internal static class ZooKeeperSeeds
{
    public static IEnumerable<int> Of(int count) =>
        Enumerable.Range(Number("TOTEM_ZOOKEEPER_SEED", 1), Number("TOTEM_ZOOKEEPER_SEEDS", count));

    private static int Number(string variable, int otherwise) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture,
            out var number)
            ? number : otherwise;
}
