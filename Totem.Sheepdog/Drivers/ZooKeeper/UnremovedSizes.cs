namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The sizes of the entries that the lowest session has read and that were not removed yet.</summary>
internal sealed class UnremovedSizes
{
    private readonly Queue<int> _sizes = new();
    private uint _first;

    /// <summary>Their sum.</summary>
    public long Bytes { get; private set; }

    public void Add(uint position, int size)
    {
        if (_sizes.Count == 0)
            _first = position;
        _sizes.Enqueue(size);
        Bytes += size;
    }

    public void Clear()
    {
        _sizes.Clear();
        Bytes = 0;
    }

    public void RemoveBefore(uint position)
    {
        for (; _sizes.Count > 0 && _first < position; _first++)
            Bytes -= _sizes.Dequeue();
    }
}
