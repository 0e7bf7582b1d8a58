using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;

namespace Totem.Accord.Store;

/// <summary>
/// The paths and values of one conductor, with a hash over all of them that is kept up to date, and changes that can be
/// taken back.
/// </summary>
internal sealed class ReplicatedStore
{
    private readonly StoreTree _tree = new();
    private readonly List<(byte[] Key, StoredValue? Old)> _undo = [];
    private bool _keepsUndo;

    /// <summary>How many paths there are.</summary>
    public int Count => _tree.Count;

    /// <summary>The bytes that count against <see cref="AccordLimits.StoredBytesMax"/>.</summary>
    public long Bytes { get; private set; }

    /// <summary>A sum over all entries: equal stores have the same, in whatever order they were filled.</summary>
    public ulong Digest { get; private set; }

    /// <summary>Finds a value.</summary>
    public bool TryGet(ReadOnlySpan<byte> path, [NotNullWhen(true)] out StoredValue? value) =>
        _tree.TryGet(path, out value);

    /// <summary>Sets a value.</summary>
    public void Set(ReadOnlySpan<byte> path, StoredValue value)
    {
        var old = _tree.Set(path, value);
        Account(path, old, value);
        if (_keepsUndo)
            _undo.Add((path.ToArray(), old));
    }

    /// <summary>Removes a path; false when it does not exist.</summary>
    public bool Remove(ReadOnlySpan<byte> path)
    {
        if (_tree.Remove(path) is not { } old)
            return false;
        Account(path, old, null);
        if (_keepsUndo)
            _undo.Add((path.ToArray(), old));
        return true;
    }

    /// <summary>From here on changes can be taken back.</summary>
    public void Begin() => _keepsUndo = true;

    /// <summary>The changes since <see cref="Begin"/> stay.</summary>
    public void Commit()
    {
        _keepsUndo = false;
        _undo.Clear();
    }

    /// <summary>Takes the changes since <see cref="Begin"/> back.</summary>
    public void Abort()
    {
        _keepsUndo = false;
        for (var i = _undo.Count - 1; i >= 0; i--)
        {
            var (key, old) = _undo[i];
            if (old is null)
                Remove(key);
            else
                Set(key, old);
        }

        _undo.Clear();
    }

    /// <summary>Goes over the paths from this one on, in order.</summary>
    public TreeCursor From(ReadOnlySpan<byte> path) => _tree.From(path);

    /// <summary>The store as it is now, for ever.</summary>
    public StoreSnapshot TakeSnapshot() => _tree.TakeSnapshot();

    /// <summary>How many bytes a path and a value count.</summary>
    public static long CostOf(int pathBytes, int valueBytes) =>
        (long)pathBytes + valueBytes + AccordLimits.StoredBytesPerPath;

    private void Account(ReadOnlySpan<byte> path, StoredValue? old, StoredValue? value)
    {
        var seed = XxHash3.HashToUInt64(path);
        if (old is not null)
        {
            Digest -= EntryHash(seed, old);
            Bytes -= CostOf(path.Length, old.LengthBytes);
        }

        if (value is null)
            return;
        Digest += EntryHash(seed, value);
        Bytes += CostOf(path.Length, value.LengthBytes);
    }

    // The finaliser of splitmix64 (Steele, Lea, Flood): a sum of entries must not be a sum of their parts.
    private static ulong EntryHash(ulong path, StoredValue value)
    {
        var x = path ^ ulong.RotateLeft(value.Hash, 29) ^ ((ulong)value.LengthBytes << 40);
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }
}
