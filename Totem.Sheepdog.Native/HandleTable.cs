namespace Totem.Sheepdog.Native;

/// <summary>
/// The objects behind 64-bit handles: random bits above a number. A closed handle is never found again, and one that
/// was made up is not either. Any thread.
/// </summary>
internal sealed class HandleTable
{
    /// <summary>A process has one driver, tests have a few.</summary>
    public const int CountMax = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, SheepdogHandle> _handles = [];
    private uint _next;

    /// <returns>The handle; 0 when there are too many.</returns>
    public ulong Add(SheepdogHandle opened)
    {
        lock (_gate)
        {
            if (_handles.Count >= CountMax)
                return 0;
            var handle = ((ulong)(uint)Random.Shared.Next(1, int.MaxValue) << 32) | _next++;
            _handles.Add(handle, opened);
            return handle;
        }
    }

    public SheepdogHandle? Find(ulong handle)
    {
        lock (_gate)
            return _handles.GetValueOrDefault(handle);
    }

    /// <summary>Those that are open.</summary>
    public SheepdogHandle[] All()
    {
        lock (_gate)
            return [.. _handles.Values];
    }

    /// <summary>Takes the handle out; of two who try, one gets it.</summary>
    public SheepdogHandle? Remove(ulong handle)
    {
        lock (_gate)
            return _handles.Remove(handle, out var found) ? found : null;
    }
}
