using Totem.Accord.Components;
using Totem.Accord.State;
using Totem.Accord.Store;
using Totem.Simulation.Model;

namespace Totem.Accord.Tests.State;

public sealed class SnapshotTests
{
    [Theory]
    [InlineData(0, 10)]
    [InlineData(1, 10)]
    [InlineData(5_000, 300)]
    [InlineData(20, 400_000)]
    public void A_state_is_read_as_it_was_written_wherever_it_is_cut(int paths, int valueBytes)
    {
        var random = new SimulationRandom(1);
        var state = Draw(random, paths, valueBytes);
        var snapshot = new StateSnapshot(state);
        var digest = state.Digest();
        // It goes on changing meanwhile.
        state.Store.Set(TestRequest.Path("/later"), StoredValue.Empty);
        var reader = new SnapshotReader();
        foreach (var block in snapshot.Blocks())
        {
            for (var at = 0; at < block.Length;)
            {
                var count = Math.Min(block.Length - at, 1 + random.Below(100_000));
                Assert.False(reader.IsComplete);
                Assert.True(reader.Feed(block.Span.Slice(at, count)));
                at += count;
            }
        }

        Assert.True(reader.IsComplete);
        Assert.Equal(digest, reader.State.Digest());
        Assert.Equal(state.Component, reader.State.Component);
        Assert.Equal(state.Conductors, reader.State.Conductors);
        Assert.Equal(state.VotersWanted, reader.State.VotersWanted);
        Assert.False(reader.Feed([0]));
    }

    [Fact]
    public void A_bit_that_is_another_one_is_noticed()
    {
        var random = new SimulationRandom(2);
        byte[] bytes = [.. new StateSnapshot(Draw(random, 20, 30)).Blocks().SelectMany(x => x.ToArray())];
        for (var i = 0; i < 20_000; i++)
        {
            byte[] changed = [.. bytes];
            changed[random.Below(changed.Length)] ^= (byte)(1 << random.Below(8));
            var reader = new SnapshotReader();
            Assert.False(reader.Feed(changed) && reader.IsComplete);
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            var reader = new SnapshotReader();
            Assert.False(reader.Feed(bytes.AsSpan(0, length)) && reader.IsComplete);
        }
    }

    private static ReplicatedState Draw(SimulationRandom random, int paths, int valueBytes)
    {
        var state = new ReplicatedState
        {
            Component = new ComponentId(4, new RingId(new ProcessorId(2), 88)),
            Position = 1000,
            EntryCount = 70_000,
            VotersWanted = 3,
            Voters = [new ConductorId(new ProcessorId(2), random.Next())],
        };
        state.Conductors[new ProcessorId(2)] = random.Next();
        for (var i = 0; i < 5; i++)
            state.AddClient(new ProcessorId((uint)i % 2 + 1));
        for (var i = 0; i < paths; i++)
        {
            var value = new byte[random.Below(valueBytes)];
            value.AsSpan().Fill((byte)i);
            state.Store.Set(TestRequest.Path($"/path/{random.Below(1 << 20)}"), StoredValue.Of(value));
        }

        return state;
    }
}
