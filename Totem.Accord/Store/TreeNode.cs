namespace Totem.Accord.Store;

/// <summary>
/// A node of the tree. Its <see cref="Owner"/> may change it; a node of another owner is copied first.
/// </summary>
internal abstract class TreeNode(object owner)
{
    /// <summary>The most entries of a node.</summary>
    public const int EntriesMax = 64;

    /// <summary>A node with fewer entries is joined with a neighbour, when both fit into one.</summary>
    public const int EntriesFew = EntriesMax / 4;

    /// <summary>The tree in whose time it was made; snapshots of an older time keep it as it is.</summary>
    public object Owner { get; } = owner;

    /// <summary>How many entries it has.</summary>
    public int Count { get; set; }
}

/// <summary>Paths with their values.</summary>
internal sealed class LeafNode(object owner) : TreeNode(owner)
{
    /// <summary>The paths, sorted.</summary>
    public byte[][] Keys { get; } = new byte[EntriesMax][];

    /// <summary>The value of each.</summary>
    public StoredValue[] Values { get; } = new StoredValue[EntriesMax];

    /// <summary>Where a path is, or the complement of where it would be.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var (low, high) = (0, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = Keys[middle].AsSpan().SequenceCompareTo(key);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    /// <summary>Puts an entry in; there must be room.</summary>
    public void Insert(int at, byte[] key, StoredValue value)
    {
        Array.Copy(Keys, at, Keys, at + 1, Count - at);
        Array.Copy(Values, at, Values, at + 1, Count - at);
        (Keys[at], Values[at]) = (key, value);
        Count++;
    }

    /// <summary>Takes an entry out.</summary>
    public void RemoveAt(int at)
    {
        Count--;
        Array.Copy(Keys, at + 1, Keys, at, Count - at);
        Array.Copy(Values, at + 1, Values, at, Count - at);
        (Keys[Count], Values[Count]) = (null!, null!);
    }

    /// <summary>Copies entries behind the last one.</summary>
    public void Append(LeafNode from, int first, int count)
    {
        Array.Copy(from.Keys, first, Keys, Count, count);
        Array.Copy(from.Values, first, Values, Count, count);
        Count += count;
    }

    /// <summary>Drops the entries from here on.</summary>
    public void Truncate(int count)
    {
        Array.Clear(Keys, count, Count - count);
        Array.Clear(Values, count, Count - count);
        Count = count;
    }
}

/// <summary>Other nodes, each under the lowest path that may be below it; that of the first is not looked at.</summary>
internal sealed class InnerNode(object owner) : TreeNode(owner)
{
    /// <summary>The lowest path of each child.</summary>
    public byte[][] Keys { get; } = new byte[EntriesMax][];

    /// <summary>The children.</summary>
    public TreeNode[] Children { get; } = new TreeNode[EntriesMax];

    /// <summary>Which child a path is below.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        var (low, high) = (1, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            if (Keys[middle].AsSpan().SequenceCompareTo(key) <= 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return low - 1;
    }

    /// <summary>Puts a child in; there must be room.</summary>
    public void Insert(int at, byte[] key, TreeNode child)
    {
        Array.Copy(Keys, at, Keys, at + 1, Count - at);
        Array.Copy(Children, at, Children, at + 1, Count - at);
        (Keys[at], Children[at]) = (key, child);
        Count++;
    }

    /// <summary>Takes a child out.</summary>
    public void RemoveAt(int at)
    {
        Count--;
        Array.Copy(Keys, at + 1, Keys, at, Count - at);
        Array.Copy(Children, at + 1, Children, at, Count - at);
        (Keys[Count], Children[Count]) = (null!, null!);
    }

    /// <summary>Copies children behind the last one.</summary>
    public void Append(InnerNode from, int first, int count)
    {
        Array.Copy(from.Keys, first, Keys, Count, count);
        Array.Copy(from.Children, first, Children, Count, count);
        Count += count;
    }

    /// <summary>Drops the children from here on.</summary>
    public void Truncate(int count)
    {
        Array.Clear(Keys, count, Count - count);
        Array.Clear(Children, count, Count - count);
        Count = count;
    }
}
