using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Ordering;
using Totem.Tests.Core.Model;

namespace Totem.Tests.Core.Ordering;

/// <summary>The window against a set of numbers, wherever on the circle it begins.</summary>
public sealed class ReceiveWindowTests
{
    private const int Capacity = 64;

    /// <summary>Offsets from the released number to store at, and in between (negative) how far to release.</summary>
    private static readonly Gen<(Seq First, int[] Steps)> Runs =
        from first in ModelGen.Seq
        from steps in Gen.Choose(-20, Capacity + 5).ArrayOf(80)
        select (first, steps);

    [Fact]
    public void It_holds_what_was_stored_and_not_released_wherever_it_begins() => ModelGen.Holds(Runs, run =>
    {
        var window = new ReceiveWindow(new FrameBuffers(), Capacity, long.MaxValue, run.First);
        var model = new HashSet<long>();
        long released = 0;
        foreach (var step in run.Steps)
        {
            if (step < 0)
                Release(-step);
            else
                Store(released + step);
            AssertSame();
        }

        void Store(long offset)
        {
            var expected = offset <= released || model.Contains(offset) ? ReceiveWindow.StoreResult.Duplicate
                : offset > released + Capacity ? ReceiveWindow.StoreResult.OutsideWindow
                : ReceiveWindow.StoreResult.Stored;
            Assert.Equal(
                expected, window.Store(run.First + (int)offset, new ProcessorId(7), FrameFlags.Safe, Content(offset)));
            if (expected == ReceiveWindow.StoreResult.Stored)
                model.Add(offset);
        }

        void Release(long count)
        {
            for (; count > 0 && model.Contains(released + 1); count--)
                released++;
            window.ReleaseThrough(run.First + (int)released);
        }

        void AssertSame()
        {
            var aru = released;
            while (model.Contains(aru + 1))
                aru++;
            Assert.Equal(run.First + (int)released, window.Released);
            Assert.Equal(run.First + (int)aru, window.Aru);
            Assert.Equal(run.First + (int)model.Append(0).Max(), window.High);
            for (var offset = released - 2; offset <= released + Capacity + 2; offset++)
            {
                var seq = run.First + (int)offset;
                Assert.Equal(offset > released && model.Contains(offset), window.Contains(seq));
                if (window.Contains(seq))
                    Assert.Equal(Content(offset), window.Frame(seq).ToArray());
            }
        }
    });

    [Fact]
    public void Over_its_bytes_it_takes_only_the_next_frame_in_order()
    {
        var window = new ReceiveWindow(new FrameBuffers(), Capacity, bytesMax: 250, new Seq(0));
        Assert.Equal(
            ReceiveWindow.StoreResult.Stored, window.Store(new Seq(2), default, FrameFlags.None, new byte[100]));
        Assert.Equal(
            ReceiveWindow.StoreResult.Stored, window.Store(new Seq(3), default, FrameFlags.None, new byte[100]));
        Assert.Equal(
            ReceiveWindow.StoreResult.WindowFull, window.Store(new Seq(4), default, FrameFlags.None, new byte[100]));
        Assert.Equal(
            ReceiveWindow.StoreResult.Stored, window.Store(new Seq(1), default, FrameFlags.None, new byte[100]));
        Assert.Equal(new Seq(3), window.Aru);

        window.ReleaseThrough(new Seq(2));
        Assert.Equal(
            ReceiveWindow.StoreResult.Stored, window.Store(new Seq(5), default, FrameFlags.None, new byte[100]));
    }

    [Fact]
    public void A_cleared_window_gives_its_buffers_back_and_begins_anywhere()
    {
        var buffers = new FrameBuffers();
        var window = new ReceiveWindow(buffers, Capacity, 1_000, new Seq(0));
        window.Store(new Seq(1), default, FrameFlags.None, new byte[900]);
        window.Clear();
        var kept = buffers.Rent(10);
        window.Restart(new Seq(uint.MaxValue));
        Assert.False(window.Contains(new Seq(1)));
        Assert.Equal(
            ReceiveWindow.StoreResult.Stored, window.Store(new Seq(0), default, FrameFlags.None, new byte[900]));
        Assert.Equal(new Seq(0), window.Aru);
        Assert.NotSame(kept, buffers.Rent(10));
    }

    private static byte[] Content(long offset) => BitConverter.GetBytes(offset);
}
