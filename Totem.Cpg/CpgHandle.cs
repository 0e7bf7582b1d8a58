using System.Runtime.InteropServices;
using Totem.Cpg.Sessions;

namespace Totem.Cpg;

/// <summary>A handle of libcpg: the session, and the buffers it gave out. Any thread.</summary>
internal sealed unsafe class CpgHandle(ulong value, CpgSession session, in CpgModelV1 callbacks)
{
    private readonly HashSet<nint> _buffers = [];
    private bool _isFinished;

    /// <summary>The program's functions, those it gave.</summary>
    public CpgModelV1 Callbacks { get; } = callbacks;

    public ulong Value => value;

    public CpgSession Session => session;

    /// <summary>How many buffers the program has.</summary>
    public int BufferCount
    {
        get
        {
            lock (_buffers)
                return _buffers.Count;
        }
    }

    /// <summary>Gives out a buffer.</summary>
    /// <returns>Zero when the handle was finalised meanwhile.</returns>
    public nint Allocate(nuint size)
    {
        lock (_buffers)
        {
            if (_isFinished)
                return 0;
            var buffer = (nint)NativeMemory.Alloc(Math.Max(size, 1));
            _buffers.Add(buffer);
            return buffer;
        }
    }

    /// <summary>Takes a buffer back.</summary>
    /// <returns>False when it is not of this handle, or given back already.</returns>
    public bool TryFree(nint buffer)
    {
        lock (_buffers)
        {
            if (!_buffers.Remove(buffer))
                return false;
        }

        NativeMemory.Free((void*)buffer);
        return true;
    }

    /// <summary>The end of the handle. The buffers that the program still has are gone with it.</summary>
    public CsError Finish()
    {
        var result = Session.Finish();
        lock (_buffers)
        {
            _isFinished = true;
            foreach (var buffer in _buffers)
                NativeMemory.Free((void*)buffer);
            _buffers.Clear();
        }

        return result;
    }
}
