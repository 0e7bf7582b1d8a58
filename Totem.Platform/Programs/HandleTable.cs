namespace Totem.Platform.Programs;

/// <summary>
/// The objects behind 64-bit handles: 32 random bits above an index. A finalised handle is never found again, and one
/// of another process is not either. Any thread.
/// </summary>
/// <param name="countMax">More handles than any program has; the next is refused.</param>
public sealed class HandleTable<T>(int countMax = 1 << 20)
    where T : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, T> _byHandle = [];
    private uint _next;

    /// <summary>How many are open.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _byHandle.Count;
        }
    }

    /// <summary>Gives an object its handle.</summary>
    /// <param name="make">Makes the object for the handle; not called when the table is full.</param>
    /// <returns>Null when the table is full.</returns>
    public T? Add(Func<ulong, T> make)
    {
        ulong handle;
        lock (_gate)
        {
            if (_byHandle.Count >= countMax)
                return null;
            // Index 0 with random bits of zero would be handle 0, which programs take for none.
            handle = ((ulong)(uint)Random.Shared.Next(1, int.MaxValue) << 32) | _next++;
        }

        var made = make(handle);
        lock (_gate)
            _byHandle.Add(handle, made);
        return made;
    }

    /// <summary>Gives an object its handle.</summary>
    /// <returns>0 when the table is full.</returns>
    public ulong Add(T made)
    {
        ulong given = 0;
        Add(handle =>
        {
            given = handle;
            return made;
        });
        return given;
    }

    /// <summary>Those that are open.</summary>
    public T[] All()
    {
        lock (_gate)
            return [.. _byHandle.Values];
    }

    public T? Find(ulong handle)
    {
        lock (_gate)
            return _byHandle.GetValueOrDefault(handle);
    }

    /// <summary>Takes the handle out; of two who try, one gets the object.</summary>
    public T? Remove(ulong handle)
    {
        lock (_gate)
            return _byHandle.Remove(handle, out var found) ? found : null;
    }

    /// <summary>Takes out all that fit a condition.</summary>
    public void RemoveWhere(Func<T, bool> condition)
    {
        lock (_gate)
        {
            foreach (var (handle, value) in _byHandle)
            {
                if (condition(value))
                    _byHandle.Remove(handle);
            }
        }
    }
}
