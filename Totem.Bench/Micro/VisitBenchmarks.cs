using BenchmarkDotNet.Attributes;

namespace Totem.Bench.Micro;

/// <summary>A whole visit of the token, as a host drives it, without sockets.</summary>
public class VisitBenchmarks
{
    private const int Size = 1350;

    private readonly byte[] _payload = new byte[Size];
    private EchoedMember _member = null!;

    /// <summary>How many messages of 1,350 bytes wait for it.</summary>
    [Params(0, 1, 16)]
    public int Messages { get; set; }

    /// <summary>A ring of two, of which one is an echo.</summary>
    [GlobalSetup]
    public void Setup() => _member = EchoedMember.Operational();

    /// <summary>Messages are queued, the token comes, they and it are taken out as datagrams, they
    /// are delivered here.</summary>
    [Benchmark]
    public int Visit() => _member.Visit(_payload, Messages);
}
