using BenchmarkDotNet.Attributes;

namespace Totem.Bench.Micro;

/// <summary>The operation that everything else is compared with: the bytes of one full frame are copied once.</summary>
public class CopyBenchmarks
{
    /// <summary>The name of the measurement, which the ratios of the report are to.</summary>
    public const string Reference = nameof(CopyOneFrame);

    private const int FrameBytes = 1400;

    // More frames than the cache next to the core holds, as those of a ring: 11 MB.
    private const int Frames = 8192;

    private readonly byte[] _from = new byte[Frames * FrameBytes];
    private readonly byte[] _to = new byte[FrameBytes];
    private int _next;

    /// <summary>1,400 bytes.</summary>
    [Benchmark]
    public void CopyOneFrame()
    {
        _from.AsSpan(_next * FrameBytes, FrameBytes).CopyTo(_to);
        _next = (_next + 1) % Frames;
    }
}
