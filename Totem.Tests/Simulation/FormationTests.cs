using Totem.Core.Time;
using Totem.Simulation.Scenarios;

namespace Totem.Tests.Simulation;

/// <summary>
/// Processors that start at about the same time form one ring at once: nobody waits for a timeout, although each
/// newcomer is known to some before it is to others, and some have agreed on a ring without it.
/// </summary>
public sealed class FormationTests
{
    private const int Seeds = 40;

    public static TheoryData<int, double> Starts
    {
        get
        {
            var data = new TheoryData<int, double>();
            foreach (var processors in (ReadOnlySpan<int>)[2, 3, 5, 8, 14])
            {
                foreach (var spread in (ReadOnlySpan<double>)[0, 5, 50, 300, 1000])
                    data.Add(processors, spread);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Starts))]
    public void They_are_one_ring_within_a_tenth_of_the_token_timeout(int processors, double spreadMilliseconds)
    {
        var options = new RingOptions { Self = new ProcessorId(1), JoinInterval = TimeSpan.FromMilliseconds(15),
            TokenTimeout = TimeSpan.FromSeconds(3) };
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var random = new Random(seed);
            var cluster = RingCluster.Create(processors, (ulong)seed, x => x with { Options = options });
            var starts = Enumerable.Range(1, processors)
                .Select(id => (At: random.NextDouble() * spreadMilliseconds, Id: id)).OrderBy(x => x.At);
            foreach (var (at, id) in starts)
            {
                cluster.Simulation.RunUntil(new Instant(TimeSpan.FromMilliseconds(at).Ticks));
                cluster.Restart(id);
            }

            // Virtual time: the limit is the protocol's, not the machine's.
            cluster.RunUntilOperational(0.1 * options.TokenTimeout);
        }
    }

    /// <summary>A process that is killed and started again at once hears what was said of its last life; the others
    /// must not part over it.</summary>
    [Fact]
    public void A_neighbour_that_dies_and_starts_again_and_again_does_not_part_the_others()
    {
        for (var seed = 1; seed <= 10 * Seeds; seed++)
        {
            var random = new Random(seed);
            var cluster = RingCluster.Create(3, (ulong)seed, x => x with { UnreachableRate = 1 });
            cluster.Restart(1).Restart(2).RunUntilOperational(TimeSpan.FromSeconds(10));
            var together = cluster[1].Installed.Count;
            for (var life = 0; life < 20; life++)
            {
                cluster.Restart(3).Run(TimeSpan.FromMilliseconds(random.NextDouble() * 20));
                cluster.Crash(3).Run(TimeSpan.FromMilliseconds(random.NextDouble() * 3));
            }

            cluster.RunUntilOperational(TimeSpan.FromSeconds(10));
            // Transitional ones may part them: the third can die when one of the two has installed
            // the ring with it and the other not yet.
            Assert.All(
                cluster[1].Installed.Skip(together).Where(x => x.Configuration.Kind == ConfigurationKind.Regular),
                x => Assert.True(x.Configuration.Members.Contains(new ProcessorId(2)), $"seed {seed}: {x}"));
        }
    }
}
