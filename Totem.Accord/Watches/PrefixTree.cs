namespace Totem.Accord.Watches;

/// <summary>
/// Items under prefixes of bytes. Finding those of all prefixes of a path costs as much as the path is long, however
/// many there are.
/// </summary>
internal sealed class PrefixTree<T>
{
    private readonly Node _root = new([]);

    /// <summary>Adds an item.</summary>
    public void Add(ReadOnlySpan<byte> prefix, T item)
    {
        var node = _root;
        while (!prefix.IsEmpty)
        {
            var at = node.Find(prefix[0]);
            if (at < 0)
            {
                var leaf = new Node(prefix.ToArray());
                node.Children.Insert(~at, leaf);
                node = leaf;
                break;
            }

            var child = node.Children[at];
            var common = child.Label.AsSpan().CommonPrefixLength(prefix);
            if (common < child.Label.Length)
            {
                var middle = new Node(child.Label[..common]);
                child.Label = child.Label[common..];
                middle.Children.Add(child);
                node.Children[at] = child = middle;
            }

            node = child;
            prefix = prefix[common..];
        }

        node.Items.Add(item);
    }

    /// <summary>Removes an item; false when it is not there.</summary>
    public bool Remove(ReadOnlySpan<byte> prefix, T item) => Remove(_root, prefix, item);

    /// <summary>Adds the items of all prefixes of a path to a list.</summary>
    public void Find(ReadOnlySpan<byte> path, List<T> found)
    {
        for (var node = _root; ;)
        {
            found.AddRange(node.Items);
            if (path.IsEmpty)
                return;
            var at = node.Find(path[0]);
            if (at < 0 || !path.StartsWith(node.Children[at].Label))
                return;
            node = node.Children[at];
            path = path[node.Label.Length..];
        }
    }

    private static bool Remove(Node node, ReadOnlySpan<byte> prefix, T item)
    {
        if (prefix.IsEmpty)
            return node.Items.Remove(item);
        var at = node.Find(prefix[0]);
        if (at < 0 || !prefix.StartsWith(node.Children[at].Label))
            return false;
        var child = node.Children[at];
        if (!Remove(child, prefix[child.Label.Length..], item))
            return false;
        if (child.Items.Count > 0)
            return true;
        if (child.Children.Count == 0)
        {
            node.Children.RemoveAt(at);
        }
        else if (child.Children.Count == 1)
        {
            var only = child.Children[0];
            only.Label = [.. child.Label, .. only.Label];
            node.Children[at] = only;
        }

        return true;
    }

    private sealed class Node(byte[] label)
    {
        public byte[] Label { get; set; } = label;

        /// <summary>Sorted by the first byte of their labels, which all differ.</summary>
        public List<Node> Children { get; } = [];

        public List<T> Items { get; } = [];

        public int Find(byte first)
        {
            var (low, high) = (0, Children.Count - 1);
            while (low <= high)
            {
                var middle = (low + high) >> 1;
                var order = Children[middle].Label[0].CompareTo(first);
                if (order == 0)
                    return middle;
                if (order < 0)
                    low = middle + 1;
                else
                    high = middle - 1;
            }

            return ~low;
        }
    }
}
