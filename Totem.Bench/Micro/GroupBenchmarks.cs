using BenchmarkDotNet.Attributes;
using Totem.Core.Groups;

namespace Totem.Bench.Micro;

/// <summary>The bytes before a message to a process group: our short encoding, and corosync's.</summary>
public class GroupBenchmarks
{
    private const int PayloadBytes = 64;

    private readonly GroupMembership _member = new(new GroupName("sheepdog"), 4711, 3, null);
    private readonly byte[] _compact = new byte[2 + PayloadBytes];
    private readonly byte[] _corosync = new byte[ServiceFormat.MessageHeaderBytes + PayloadBytes];

    /// <summary>Messages for the readers.</summary>
    [GlobalSetup]
    public void Setup()
    {
        WriteCompact();
        WriteCorosync();
    }

    /// <summary>Ours: two bytes.</summary>
    [Benchmark]
    public void WriteCompact() => CompactEncoding.Write(_compact, GroupMessageKind.Message, _member, 0, 0);

    /// <summary>The same.</summary>
    [Benchmark]
    public int ReadCompact() => CompactEncoding.TryRead(_compact, out var message) ? message.Payload.Length
        : throw new InvalidOperationException("no message");

    /// <summary>corosync's: a header with the group's name.</summary>
    [Benchmark]
    public void WriteCorosync()
        => CorosyncEncoding.WriteMessage(
            _corosync.AsSpan(0, ServiceFormat.MessageHeaderBytes), new ProcessorId(2), _member, PayloadBytes);

    /// <summary>The same.</summary>
    [Benchmark]
    public int ReadCorosync() => CorosyncEncoding.TryRead(_corosync, out var message) ? message.Payload.Length
        : throw new InvalidOperationException("no message");
}
