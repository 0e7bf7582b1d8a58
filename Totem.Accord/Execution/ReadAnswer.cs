using System.Buffers;
using System.Buffers.Binary;

namespace Totem.Accord.Execution;

/// <summary>The arguments of an answer, encoded; used again for the next one.</summary>
internal sealed class ReadAnswer
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Everything that was added since <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Encoded => _bytes.WrittenSpan;

    /// <summary>Forgets everything, and the memory of a long answer too.</summary>
    public void Clear() => _bytes.ResetWrittenCount();

    /// <summary>Adds an argument of so many bytes, which the caller fills.</summary>
    public Span<byte> Add(int length)
    {
        var span = _bytes.GetSpan(sizeof(uint) + length);
        BinaryPrimitives.WriteInt32LittleEndian(span, length);
        _bytes.Advance(sizeof(uint) + length);
        return span.Slice(sizeof(uint), length);
    }
}
