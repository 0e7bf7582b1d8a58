using System.Buffers.Binary;
using Totem.Core.Diagnostics;

namespace Totem.Transport.Knet.Crypto;

/// <summary>Fills a span with randomness that nobody can foretell: the system's generator, or a test's.</summary>
internal delegate void RandomFill(Span<byte> destination);

/// <summary>Random bytes drawn many at a time: asking the system for 16 costs more than encrypting a token.</summary>
internal sealed class RandomPool(RandomFill fill, int poolBytes = 4096)
{
    private readonly byte[] _pool = new byte[poolBytes];
    private int _used = poolBytes;

    /// <summary>The next bytes, each handed out once. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Take(int bytes)
    {
        Invariant.That(bytes <= _pool.Length, "the pool holds what is taken at a time");
        if (_pool.Length - _used < bytes)
        {
            fill(_pool);
            _used = 0;
        }

        _used += bytes;
        return _pool.AsSpan(_used - bytes, bytes);
    }

    public ulong TakeU64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
}
