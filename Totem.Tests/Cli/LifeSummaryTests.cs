using Totem.Cli.Demos;
using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class LifeSummaryTests
{
    private static readonly RingId First = new(new ProcessorId(1), 4);
    private static readonly RingId Second = new(new ProcessorId(1), 8);

    [Fact]
    public void Equal_orders_have_equal_hashes()
    {
        var lives = LifeSummary.Of(TraceOf([1, 2, 3], [1, 2, 3]));
        Assert.Equal(lives[0].Parts[0].Hash, lives[1].Parts[0].Hash);
        Assert.Equal(lives[0].HashOver([First, Second]), lives[1].HashOver([First, Second]));
        Assert.Equal(3, lives[0].Delivered);
        Assert.Equal(1, lives[0].Parts[0].DeliveredInTransitional);
    }

    [Theory]
    [InlineData(1, 3, 2)]
    [InlineData(1, 2)]
    [InlineData(1, 2, 4)]
    public void Another_order_has_another_hash(params int[] numbers)
    {
        var lives = LifeSummary.Of(TraceOf([1, 2, 3], numbers));
        Assert.NotEqual(lives[0].Parts[0].Hash, lives[1].Parts[0].Hash);
    }

    [Fact]
    public void A_life_that_missed_a_ring_has_no_hash_over_it()
    {
        var lives = LifeSummary.Of(TraceOf([1], [1]));
        Assert.Null(lives[0].HashOver([First, new RingId(new ProcessorId(1), 12)]));
    }

    private static Trace TraceOf(params int[][] delivered)
    {
        var trace = new Trace();
        var members = ProcessorSet.Of([.. delivered.Select((_, i) => new ProcessorId((uint)i + 1))]);
        for (var i = 0; i < delivered.Length; i++)
        {
            var self = new ProcessorId((uint)i + 1);
            Install(new Configuration(ConfigurationKind.Regular, First, default, members));
            foreach (var number in delivered[i][..^1])
                Deliver(number);
            Install(new Configuration(ConfigurationKind.Transitional, Second, First, members));
            Deliver(delivered[i][^1]);
            Install(new Configuration(ConfigurationKind.Regular, Second, First, members));

            void Install(Configuration configuration)
                => trace.Add(new TraceEvent(TraceEventKind.Install, self, 1, Configuration: configuration));

            void Deliver(int number) => trace.Add(new TraceEvent(
                TraceEventKind.Deliver, self, 1, Message: new MessageId(new ProcessorId(1), 1, number),
                PayloadHash: (ulong)number, Ring: First));
        }

        return trace;
    }
}
