using Totem.Simulation.Model;
using Totem.Transport.Knet.Sequence;

namespace Totem.Transport.Knet.Tests.Sequence;

public sealed class SequenceWindowTests
{
    [Fact]
    public void A_number_is_new_once_and_across_the_wrap()
    {
        var window = new SequenceWindow();
        ushort seq = 60_000;
        for (var i = 0; i < 20_000; i++)
        {
            Assert.True(window.IsUndelivered(seq));
            window.MarkDelivered(seq);
            Assert.False(window.IsUndelivered(seq));
            seq = seq == ushort.MaxValue ? (ushort)1 : (ushort)(seq + 1);
        }
    }

    [Fact]
    public void A_late_number_is_new_up_to_the_windows_end()
    {
        var window = new SequenceWindow();
        Assert.True(window.IsUndelivered(10_000));
        window.MarkDelivered(10_000);
        Assert.True(window.IsUndelivered(10_000 - SequenceWindow.Numbers + 1));
        // 4,096 behind shares the bit of the latest number itself: always old.
        Assert.False(window.IsUndelivered(10_000 - SequenceWindow.Numbers));
        Assert.Equal(10_000, window.Reference);
    }

    [Fact]
    public void A_number_out_of_reach_begins_a_new_window()
    {
        var window = new SequenceWindow();
        window.IsUndelivered(10_000);
        window.MarkDelivered(10_000);
        Assert.True(window.IsUndelivered(10_000 - SequenceWindow.Numbers - 1));
        Assert.Equal(10_000 - SequenceWindow.Numbers - 1, window.Reference);
        window.MarkDelivered(window.Reference);
        Assert.True(window.IsUndelivered(30_000));
        Assert.Equal(30_000, window.Reference);
    }

    /// <summary>Under numbers that jump about.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_agrees_with_the_rules_word_for_word(ulong seed)
    {
        var random = new SimulationRandom(seed);
        var window = new SequenceWindow();
        var model = new PlainWindow();
        ushort seq = 1;
        for (var i = 0; i < 200_000; i++)
        {
            var step = random.Chance(0.001) ? random.Between(-9000, 9000)
                : random.Chance(0.2) ? random.Between(-4100, 4100) : random.Between(-3, 4);
            seq = (ushort)(seq + step);
            var isNew = window.IsUndelivered(seq);
            Assert.Equal(model.IsNew(seq), isNew);
            Assert.Equal(model.Reference, window.Reference);
            if (!isNew || random.Chance(0.1))
                continue;
            window.MarkDelivered(seq);
            model.Delivered(seq);
        }
    }

    /// <summary>KNET §8.1 word for word.</summary>
    private sealed class PlainWindow
    {
        private readonly HashSet<int> _set = [];

        public ushort Reference { get; private set; }

        public bool IsNew(ushort seq)
        {
            if (Reference == 0)
                Reference = seq;
            if ((ushort)(Reference - seq) <= SequenceWindow.Numbers)
                return !_set.Contains(seq % SequenceWindow.Numbers);
            var ahead = (ushort)(seq - Reference);
            if (ahead <= SequenceWindow.Numbers)
                _set.ExceptWith(
                    Enumerable.Range(1, ahead).Select(x => (ushort)(Reference + x) % SequenceWindow.Numbers));
            else
                _set.Clear();
            Reference = seq;
            return true;
        }

        public void Delivered(ushort seq) => _set.Add(seq % SequenceWindow.Numbers);
    }
}
