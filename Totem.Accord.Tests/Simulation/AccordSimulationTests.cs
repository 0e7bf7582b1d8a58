using System.Globalization;

namespace Totem.Accord.Tests.Simulation;

/// <summary>Conductors on the simulated ring. <c>TOTEM_ACCORD_SCENARIOS</c> says how many scenarios are drawn,
/// <c>TOTEM_ACCORD_SEED</c> the first seed.</summary>
public sealed class AccordSimulationTests
{
    private static long Setting(string name, string byDefault) =>
        long.Parse(Environment.GetEnvironmentVariable(name) ?? byDefault, CultureInfo.InvariantCulture);

    [Fact]
    public void Random_faults_lose_nothing_and_everything_comes_together()
    {
        var first = Setting("TOTEM_ACCORD_SEED", "1");
        var (answered, components, transfers, events) = (0L, 0L, 0L, 0L);
        var failures = new List<string>();
        for (var seed = first; seed < first + Setting("TOTEM_ACCORD_SCENARIOS", "150"); seed++)
        {
            var world = new AccordWorld((ulong)seed);
            try
            {
                world.Run();
            }
            catch (Exception failure)
            {
                failures.Add($"seed {seed}: {(failure.InnerException ?? failure).Message} "
                    + (failure.InnerException ?? failure).StackTrace);
                if (failures.Count == 5)
                    break;
            }

            answered += world.Clients.Sum(x => x.Appends.Count(y => y.Result == Totem.Accord.Wire.ResultCode.Success));
            events += world.Clients.Sum(x => x.Events.Count);
            (components, transfers) = (components + world.ComponentCount, transfers + world.TransferCount);
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures));
        // It happened at all.
        Assert.True(answered > 1000 && components > 300 && transfers > 100 && events > 1000,
            $"{answered} answered, {components} components, {transfers} transfers, {events} events");
    }
}
