using BenchmarkDotNet.Attributes;
using Totem.Core.Model;
using Totem.Core.Wire;

namespace Totem.Bench.Micro;

/// <summary>Frames to bytes and back. Joins are rare; they are here because they are the largest.</summary>
public class WireBenchmarks
{
    private const int Members = 14;

    private static readonly RingId Ring = new(new ProcessorId(1), 4);

    private readonly byte[] _token = new byte[WireFormat.RegularTokenBytes];
    private readonly byte[] _message = new byte[WireFormat.RegularMessageHeaderBytes];
    private readonly byte[] _join = new byte[WireFormat.JoinBytes + 4 * Members];
    private readonly JoinMessage _joinMessage = new(
        new FrameHeader(FrameKind.Join, Encapsulation.None, new ProcessorId(2)), new ProcessorId(2), 4,
        ProcessorSet.Of([.. Enumerable.Range(1, Members).Select(x => new ProcessorId((uint)x))]), ProcessorSet.Empty);

    /// <summary>Frames for the readers.</summary>
    [GlobalSetup]
    public void Setup()
    {
        WriteToken();
        WriteMessage();
        WriteJoin();
    }

    /// <summary>A token without requests.</summary>
    [Benchmark]
    public void WriteToken()
    {
        var writer = new WireWriter(_token);
        new RegularToken(
            new FrameHeader(FrameKind.RegularToken, Encapsulation.None, new ProcessorId(2)), new Seq(1000),
            new TokenSeq(77), new Seq(1000),
            ProcessorId.None, Ring, 3, 20, 0, 0).Write(ref writer);
    }

    /// <summary>The same.</summary>
    [Benchmark]
    public uint ReadToken()
        => RegularToken.TryRead(_token, out var token, out _) == DecodeResult.Ok ? token.Seq.Value
            : throw new InvalidOperationException("no token");

    /// <summary>The header of a message.</summary>
    [Benchmark]
    public void WriteMessage()
    {
        var writer = new WireWriter(_message);
        new RegularMessage(
            new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, new ProcessorId(2)), new ProcessorId(2),
            new Seq(1000), 9, Ring, 0, 0)
            .Write(ref writer);
    }

    /// <summary>The same.</summary>
    [Benchmark]
    public uint ReadMessage()
        => RegularMessage.TryRead(_message, out var message) == DecodeResult.Ok ? message.Seq.Value
            : throw new InvalidOperationException("no message");

    /// <summary>A proposal of fourteen members.</summary>
    [Benchmark]
    public void WriteJoin()
    {
        var writer = new WireWriter(_join);
        _joinMessage.Write(ref writer);
    }

    /// <summary>The same. The sets are objects.</summary>
    [Benchmark]
    public int ReadJoin()
        => JoinMessage.TryRead(_join, out var join) == DecodeResult.Ok ? join!.Proposed.Count
            : throw new InvalidOperationException("no join");
}
