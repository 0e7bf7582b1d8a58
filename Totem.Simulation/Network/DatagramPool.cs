using System.Numerics;

namespace Totem.Simulation.Network;

/// <summary>Datagrams in flight: one copy of the bytes however many receivers, buffers used again
/// by size class.</summary>
internal sealed class DatagramPool
{
    private const int SmallestShift = 7; // 128 bytes hold every token and most joins.
    private const int Classes = 10;      // 128 bytes … 64 KiB.

    private readonly Stack<int>[] _free = CreateFree();
    private byte[][] _bytes = new byte[256][];
    private int[] _length = new int[256];
    private int[] _references = new int[256];
    private int _count;

    /// <summary>Datagrams that have not been released.</summary>
    public int InFlight { get; private set; }

    /// <summary>Copies the bytes; the caller owns one reference.</summary>
    public int Rent(ReadOnlySpan<byte> datagram)
    {
        var sizeClass = ClassOf(datagram.Length);
        if (!_free[sizeClass].TryPop(out var handle))
        {
            if (_count == _bytes.Length)
                Grow();
            handle = _count++;
            _bytes[handle] = new byte[1 << (SmallestShift + sizeClass)];
        }

        datagram.CopyTo(_bytes[handle]);
        _length[handle] = datagram.Length;
        _references[handle] = 1;
        InFlight++;
        return handle;
    }

    public ReadOnlySpan<byte> this[int handle] => _bytes[handle].AsSpan(0, _length[handle]);

    /// <summary>Changes a bit of a datagram that nobody else has.</summary>
    public void Flip(int handle, int place, int bit) => _bytes[handle][place] ^= (byte)(1 << bit);

    public void AddReference(int handle) => _references[handle]++;

    public void Release(int handle)
    {
        if (--_references[handle] > 0)
            return;
        InFlight--;
        _free[ClassOf(_bytes[handle].Length)].Push(handle);
    }

    /// <summary>Takes everything back, whoever still held it: for the next scenario.</summary>
    public void Reset()
    {
        foreach (var stack in _free)
            stack.Clear();
        for (var handle = _count - 1; handle >= 0; handle--)
        {
            _references[handle] = 0;
            _free[ClassOf(_bytes[handle].Length)].Push(handle);
        }

        InFlight = 0;
    }

    private static int ClassOf(int length) =>
        Math.Max(0, BitOperations.Log2((uint)Math.Max(1, length - 1)) + 1 - SmallestShift);

    private static Stack<int>[] CreateFree()
    {
        var free = new Stack<int>[Classes];
        for (var i = 0; i < Classes; i++)
            free[i] = new Stack<int>();
        return free;
    }

    private void Grow()
    {
        Array.Resize(ref _bytes, _count * 2);
        Array.Resize(ref _length, _count * 2);
        Array.Resize(ref _references, _count * 2);
    }
}
