using System.Runtime.InteropServices;

namespace Totem.Cpg.Sessions;

/// <summary>
/// The memory of a handle's messages: of the system's allocator, so that the application gets an aligned pointer that
/// does not move, and used again. Allocating in the ring's thread and freeing in the application's costs more than the
/// ring does: the two threads wait for each other in the allocator, which also gives pages back to the kernel and asks
/// for them anew.
/// </summary>
/// <remarks>The ring's thread takes and never waits: it swaps out all that was returned at once.
/// Other threads return.</remarks>
internal sealed unsafe class MessageMemory
{
    private static readonly Class[] Classes = [new(256, 4096), new(2048, 2048), new(16 << 10, 256), new(128 << 10, 64)];

    // Lists by class: a block that waits holds the address of the next one.
    private readonly nint[] _free = new nint[Classes.Length];
    private readonly nint[] _returned = new nint[Classes.Length];
    private readonly int[] _returnedCounts = new int[Classes.Length];
    private volatile bool _isClosed;

    /// <summary>Blocks of a length, and how many are kept of them.</summary>
    private readonly record struct Class(int Bytes, int CountMax);

    /// <summary>A block for a message of this length, never null. The ring's thread.</summary>
    public byte* Take(int length)
    {
        var which = ClassOf((nuint)length);
        if (which < 0 || _isClosed)
            return (byte*)NativeMemory.Alloc((nuint)Math.Max(length, sizeof(nint)));
        var block = (nint*)Interlocked.Exchange(ref _free[which], 0);
        if (block is null)
        {
            block = (nint*)Interlocked.Exchange(ref _returned[which], 0);
            Volatile.Write(ref _returnedCounts[which], 0);
        }

        if (block is null)
            return (byte*)NativeMemory.Alloc((nuint)Classes[which].Bytes);
        Volatile.Write(ref _free[which], *block);
        if (_isClosed)
            Free(ref _free[which]);
        return (byte*)block;
    }

    /// <summary>Gives a block back. Any thread.</summary>
    public void Return(void* block, nuint length)
    {
        var which = ClassOf(length);
        // The count is near the truth, which is enough for a bound.
        if (which < 0 || _isClosed || Interlocked.Increment(ref _returnedCounts[which]) > Classes[which].CountMax)
        {
            NativeMemory.Free(block);
            return;
        }

        nint before;
        do
        {
            before = Volatile.Read(ref _returned[which]);
            *(nint*)block = before;
        }
        while (Interlocked.CompareExchange(ref _returned[which], (nint)block, before) != before);

        if (_isClosed)
            Free(ref _returned[which]);
    }

    /// <summary>Nothing is kept any more. Any thread.</summary>
    public void Close()
    {
        _isClosed = true;
        for (var i = 0; i < Classes.Length; i++)
        {
            Free(ref _returned[i]);
            Free(ref _free[i]);
        }
    }

    // A thread that has swapped a list out has it alone.
    private static void Free(ref nint list)
    {
        var first = Interlocked.Exchange(ref list, 0);
        while (first != 0)
        {
            var next = *(nint*)first;
            NativeMemory.Free((void*)first);
            first = next;
        }
    }

    private static int ClassOf(nuint length)
    {
        for (var i = 0; i < Classes.Length; i++)
        {
            if (length <= (nuint)Classes[i].Bytes)
                return i;
        }

        return -1;
    }
}
