using BenchmarkDotNet.Attributes;
using Totem.Platform.Programs;

namespace Totem.Bench.Micro;

/// <summary>The queue between an application's thread and the ring's.</summary>
public class QueueBenchmarks
{
    private const int Batch = 64;

    private readonly RecordRing<long> _ring = new(1 << 20);
    private byte[] _payload = [];

    /// <summary>The length of a record.</summary>
    [Params(64, 1350)]
    public int Size { get; set; }

    /// <summary>The writing end of a queue.</summary>
    [GlobalSetup]
    public void Setup() => _payload = new byte[Size];

    /// <summary>One record in and out, in batches.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public long WriteAndRead()
    {
        for (var i = 0; i < Batch; i++)
            _ring.TryWrite(i, _payload);
        var sum = 0L;
        while (_ring.TryPeek(out var header, out var payload))
        {
            sum += header + payload.Length;
            _ring.Advance();
        }

        return sum;
    }
}
