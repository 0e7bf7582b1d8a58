using System.Buffers;
using System.IO.Pipelines;

namespace Totem.Accord.Server.Connections;

/// <summary>A client's bytes on their way out, and how many they are. Written by the conductor's thread.</summary>
internal sealed class CountingWriter(PipeWriter writer) : IBufferWriter<byte>
{
    private long _sent;

    /// <summary>How many bytes were written.</summary>
    public long Written { get; private set; }

    /// <summary>How many of them the client's system has not taken yet.</summary>
    public long Unsent => Written - Volatile.Read(ref _sent);

    /// <summary>The client's system has taken some. Any thread.</summary>
    public void HandleSent(long count) => Interlocked.Add(ref _sent, count);

    /// <inheritdoc />
    public void Advance(int count)
    {
        Written += count;
        writer.Advance(count);
    }

    /// <inheritdoc />
    public Memory<byte> GetMemory(int sizeHint = 0) => writer.GetMemory(sizeHint);

    /// <inheritdoc />
    public Span<byte> GetSpan(int sizeHint = 0) => writer.GetSpan(sizeHint);
}
