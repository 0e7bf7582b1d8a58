using System.Runtime.InteropServices;

namespace Totem.Sheepdog.Native;

/// <summary>Memory outside the managed heap, 16-byte aligned, that is used again for each event and
/// only ever grows.</summary>
internal sealed unsafe class NativeBlock : IDisposable
{
    private byte* _start;
    private nuint _size;

    /// <summary>So many bytes, whose content is not defined. They are valid until the next call.</summary>
    public byte* Take(nuint size)
    {
        if (size > _size || _start == null)
        {
            var enough = nuint.Max(size, 256);
            _start = (byte*)NativeMemory.Realloc(_start, enough);
            _size = enough;
        }

        return _start;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = null;
        _size = 0;
    }
}
