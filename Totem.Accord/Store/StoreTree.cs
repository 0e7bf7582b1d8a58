using System.Diagnostics.CodeAnalysis;

namespace Totem.Accord.Store;

/// <summary>
/// An ordered map from paths to values: a B+ tree whose nodes are copied when a snapshot still needs them. A snapshot
/// takes no time; afterwards each node is copied once, when it changes for the first time.
/// </summary>
internal sealed class StoreTree
{
    private object _owner = new();
    private TreeNode _root;

    /// <summary>An empty map.</summary>
    public StoreTree() => _root = new LeafNode(_owner);

    /// <summary>How many paths there are.</summary>
    public int Count { get; private set; }

    /// <summary>The map as it is now, for ever. It may be read by another thread.</summary>
    public StoreSnapshot TakeSnapshot()
    {
        _owner = new object();
        return new StoreSnapshot(_root, Count);
    }

    /// <summary>Finds a value.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out StoredValue? value)
    {
        var node = _root;
        while (node is InnerNode inner)
            node = inner.Children[inner.Find(key)];
        var leaf = (LeafNode)node;
        var at = leaf.Find(key);
        value = at < 0 ? null : leaf.Values[at];
        return at >= 0;
    }

    /// <summary>Sets a value, and returns the one before; null when there was none.</summary>
    public StoredValue? Set(ReadOnlySpan<byte> key, StoredValue value)
    {
        _root = Own(_root);
        var old = Set(_root, key, value, out var split, out var splitKey);
        if (split is not null)
        {
            var root = new InnerNode(_owner);
            root.Insert(0, [], _root);
            root.Insert(1, splitKey!, split);
            _root = root;
        }

        if (old is null)
            Count++;
        return old;
    }

    /// <summary>Removes a path, and returns its value; null when there was none.</summary>
    public StoredValue? Remove(ReadOnlySpan<byte> key)
    {
        if (!TryGet(key, out _))
            return null;
        _root = Own(_root);
        var old = Remove(_root, key);
        while (_root is InnerNode { Count: 1 } inner)
            _root = inner.Children[0];
        Count--;
        return old;
    }

    /// <summary>Goes over the paths from this one on, in order. The map must not change meanwhile.</summary>
    public TreeCursor From(ReadOnlySpan<byte> key) => new(_root, key);

    private StoredValue? Set(
        TreeNode node, ReadOnlySpan<byte> key, StoredValue value, out TreeNode? split, out byte[]? splitKey)
    {
        if (node is LeafNode leaf)
            return SetInLeaf(leaf, key, value, out split, out splitKey);
        var inner = (InnerNode)node;
        var at = inner.Find(key);
        var child = inner.Children[at] = Own(inner.Children[at]);
        var old = Set(child, key, value, out var childSplit, out var childKey);
        (split, splitKey) = (null, null);
        if (childSplit is null)
            return old;
        if (inner.Count < TreeNode.EntriesMax)
        {
            inner.Insert(at + 1, childKey!, childSplit);
            return old;
        }

        // As a leaf's: a map that is filled in order has full nodes.
        var kept = at + 1 == inner.Count ? inner.Count - 1 : inner.Count / 2;
        var right = new InnerNode(_owner);
        right.Append(inner, kept, inner.Count - kept);
        inner.Truncate(kept);
        if (at + 1 <= kept && at < kept)
            inner.Insert(at + 1, childKey!, childSplit);
        else
            right.Insert(at + 1 - kept, childKey!, childSplit);
        (split, splitKey) = (right, right.Keys[0]);
        return old;
    }

    private StoredValue? SetInLeaf(
        LeafNode leaf, ReadOnlySpan<byte> key, StoredValue value, out TreeNode? split, out byte[]? splitKey)
    {
        (split, splitKey) = (null, null);
        var at = leaf.Find(key);
        if (at >= 0)
        {
            var old = leaf.Values[at];
            leaf.Values[at] = value;
            return old;
        }

        at = ~at;
        if (leaf.Count < TreeNode.EntriesMax)
        {
            leaf.Insert(at, key.ToArray(), value);
            return null;
        }

        var kept = at == leaf.Count ? leaf.Count : leaf.Count / 2;
        var right = new LeafNode(_owner);
        right.Append(leaf, kept, leaf.Count - kept);
        leaf.Truncate(kept);
        if (at < kept)
            leaf.Insert(at, key.ToArray(), value);
        else
            right.Insert(at - kept, key.ToArray(), value);
        (split, splitKey) = (right, right.Keys[0]);
        return null;
    }

    private StoredValue Remove(TreeNode node, ReadOnlySpan<byte> key)
    {
        if (node is LeafNode leaf)
        {
            var index = leaf.Find(key);
            var old = leaf.Values[index];
            leaf.RemoveAt(index);
            return old;
        }

        var inner = (InnerNode)node;
        var at = inner.Find(key);
        var child = inner.Children[at] = Own(inner.Children[at]);
        var removed = Remove(child, key);
        if (child.Count == 0)
            inner.RemoveAt(at);
        else if (child.Count < TreeNode.EntriesFew && inner.Count > 1)
            Join(inner, at == 0 ? 0 : at - 1);
        return removed;
    }

    // Joins a child with the one behind it, when both fit into one.
    private void Join(InnerNode inner, int at)
    {
        var (left, right) = (inner.Children[at], inner.Children[at + 1]);
        if (left.Count + right.Count > TreeNode.EntriesMax)
            return;
        left = inner.Children[at] = Own(left);
        if (left is LeafNode leaf)
        {
            leaf.Append((LeafNode)right, 0, right.Count);
        }
        else
        {
            var first = left.Count;
            ((InnerNode)left).Append((InnerNode)right, 0, right.Count);
            ((InnerNode)left).Keys[first] = inner.Keys[at + 1];
        }

        inner.RemoveAt(at + 1);
    }

    private TreeNode Own(TreeNode node)
    {
        if (ReferenceEquals(node.Owner, _owner))
            return node;
        if (node is LeafNode leaf)
        {
            var copy = new LeafNode(_owner);
            copy.Append(leaf, 0, leaf.Count);
            return copy;
        }

        var inner = new InnerNode(_owner);
        inner.Append((InnerNode)node, 0, node.Count);
        return inner;
    }
}

/// <summary>A map as it was. It may be read by any thread.</summary>
internal sealed class StoreSnapshot
{
    private readonly TreeNode _root;

    internal StoreSnapshot(TreeNode root, int count)
    {
        _root = root;
        Count = count;
    }

    /// <summary>How many paths it has.</summary>
    public int Count { get; }

    /// <summary>Goes over all paths in order.</summary>
    public TreeCursor All() => new(_root, []);
}

/// <summary>A place in a map.</summary>
internal sealed class TreeCursor
{
    private readonly Stack<(InnerNode Node, int At)> _above = [];
    private LeafNode _leaf;
    private int _at;

    internal TreeCursor(TreeNode root, ReadOnlySpan<byte> key)
    {
        while (root is InnerNode inner)
        {
            var at = inner.Find(key);
            _above.Push((inner, at));
            root = inner.Children[at];
        }

        _leaf = (LeafNode)root;
        var found = _leaf.Find(key);
        _at = (found < 0 ? ~found : found) - 1;
    }

    /// <summary>The path here.</summary>
    public byte[] Key => _leaf.Keys[_at];

    /// <summary>The value here.</summary>
    public StoredValue Value => _leaf.Values[_at];

    /// <summary>Goes on to the next path; false when there is none.</summary>
    public bool MoveNext()
    {
        if (++_at < _leaf.Count)
            return true;
        while (_above.TryPop(out var above))
        {
            if (above.At + 1 == above.Node.Count)
                continue;
            _above.Push((above.Node, above.At + 1));
            var node = above.Node.Children[above.At + 1];
            while (node is InnerNode inner)
            {
                _above.Push((inner, 0));
                node = inner.Children[0];
            }

            (_leaf, _at) = ((LeafNode)node, 0);
            // Only the root may be a leaf without entries.
            return _leaf.Count > 0;
        }

        return false;
    }
}
