using BenchmarkDotNet.Attributes;
using Totem.Core.Ordering;

namespace Totem.Bench.Micro;

/// <summary>The receive window: frames go in by number, and are given back in order.</summary>
public class WindowBenchmarks
{
    private const int Batch = 64;
    private const int Capacity = 16384;

    private readonly ReceiveWindow _window = new(new FrameBuffers(), Capacity, long.MaxValue, new Seq(0));
    private readonly byte[] _frame = new byte[1400];

    /// <summary>One frame of 1,400 bytes: stored, and released when its batch is complete.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public void StoreAndRelease()
    {
        var last = _window.Aru;
        for (var i = 0; i < Batch; i++)
        {
            last = last.Next;
            _window.Store(last, new ProcessorId(2), FrameFlags.None, _frame);
        }

        _window.ReleaseThrough(last);
    }

    /// <summary>The same, when the frames come in the opposite order.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public void StoreBackwardAndRelease()
    {
        var first = _window.Aru;
        for (var i = Batch; i > 0; i--)
            _window.Store(first + i, new ProcessorId(2), FrameFlags.None, _frame);
        _window.ReleaseThrough(first + Batch);
    }
}
