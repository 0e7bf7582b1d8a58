using Totem.Accord.Store;
using Totem.Simulation.Model;

namespace Totem.Accord.Tests.Store;

public sealed class StoredValueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Writes_are_those_of_an_array_of_bytes(ulong seed)
    {
        var random = new SimulationRandom(seed);
        var value = StoredValue.Empty;
        byte[] model = [];
        for (var i = 0; i < 600; i++)
        {
            var (before, modelBefore) = (value, model);
            var offset = random.Chance(0.3) ? model.Length : random.Below(4 * StoredValue.ChunkBytes);
            var data = new byte[random.Chance(0.8) ? random.Below(40) : random.Below(3 * StoredValue.ChunkBytes)];
            data.AsSpan().Fill((byte)random.Next());
            var keepsRest = random.Chance(0.8);
            value = value.Write(offset, data, keepsRest);
            var length = Math.Max(offset + data.Length, keepsRest ? model.Length : 0);
            model = [.. model.Take(length), .. new byte[Math.Max(0, length - model.Length)]];
            data.CopyTo(model, offset);

            Assert.Equal(model, value.ToArray());
            Assert.True(value.Equals(model));
            Assert.Equal(modelBefore, before.ToArray());
            var same = StoredValue.Of(model);
            Assert.Equal(same.Hash, value.Hash);
            Assert.True(value.SameBytes(same) && same.SameBytes(value));
            if (model.Length > 0)
                Assert.False(value.Equals(model.AsSpan(0, model.Length - 1)));
        }
    }

    [Fact]
    public void A_write_of_a_few_bytes_shares_what_it_leaves()
    {
        var value = StoredValue.Empty.Write(64 << 20, "x"u8, keepsRest: false);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
            value = value.Write(i * 1_000_000, "y"u8, keepsRest: true);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 10, 0, 3 * StoredValue.ChunkBytes);
    }
}
