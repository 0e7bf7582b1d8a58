using System.Collections;
using System.ComponentModel;
using Totem.Core.Model;

namespace Totem;

/// <summary>
/// An immutable set of processors in ascending order, at most <see cref="MaxCount"/> of them. Membership code works
/// on whole sets; they are small and change rarely, so every operation may allocate.
/// </summary>
[TypeConverter(typeof(ProcessorSetConverter))]
public sealed class ProcessorSet : IEquatable<ProcessorSet>, IReadOnlyCollection<ProcessorId>
{
    /// <summary>The most processors a set can hold; corosync's is 384. Measurements and tests end at 14.</summary>
    public const int MaxCount = 128;

    /// <summary>The set without members.</summary>
    public static ProcessorSet Empty { get; } = new([]);

    private readonly ProcessorId[] _sorted;

    private ProcessorSet(ProcessorId[] sorted) => _sorted = sorted;

    /// <summary>The set of these processors; duplicates count once.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxCount"/> processors, or
    /// <see cref="ProcessorId.None"/> among them.</exception>
    public static ProcessorSet Of(params ReadOnlySpan<ProcessorId> ids)
    {
        if (ids.IsEmpty)
            return Empty;
        var sorted = ids.ToArray();
        Array.Sort(sorted);
        var count = 1;
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] != sorted[count - 1])
                sorted[count++] = sorted[i];
        }

        if (sorted[0].IsNone)
            throw new ArgumentException("0 is not a processor id", nameof(ids));
        if (count > MaxCount)
            throw new ArgumentException($"{count} processors, at most {MaxCount} expected", nameof(ids));
        return new ProcessorSet(count == sorted.Length ? sorted : sorted[..count]);
    }

    /// <summary>How many processors the set holds.</summary>
    public int Count => _sorted.Length;

    /// <summary>True when nobody is in the set.</summary>
    public bool IsEmpty => _sorted.Length == 0;

    /// <summary>The processor at this rank, lowest id first.</summary>
    public ProcessorId this[int index] => _sorted[index];

    /// <summary>The lowest id; <see cref="ProcessorId.None"/> of an empty set.</summary>
    public ProcessorId Lowest => _sorted.Length == 0 ? ProcessorId.None : _sorted[0];

    /// <summary>The members in ascending order.</summary>
    public ReadOnlySpan<ProcessorId> AsSpan() => _sorted;

    /// <summary>True when the processor is in the set. Allocates nothing.</summary>
    public bool Contains(ProcessorId id) => IndexOf(id) >= 0;

    /// <summary>The rank of a processor, or a negative number when it is not in the set.</summary>
    public int IndexOf(ProcessorId id) => Array.BinarySearch(_sorted, id);

    /// <summary>The member after <paramref name="id"/> in ring order: the next higher one, or the lowest.</summary>
    public ProcessorId SuccessorOf(ProcessorId id)
    {
        var index = IndexOf(id);
        return _sorted[((index < 0 ? ~index - 1 : index) + 1) % _sorted.Length];
    }

    /// <summary>The member before <paramref name="id"/> in ring order.</summary>
    public ProcessorId PredecessorOf(ProcessorId id)
    {
        var index = IndexOf(id);
        return _sorted[((index < 0 ? ~index : index) - 1 + _sorted.Length) % _sorted.Length];
    }

    /// <summary>This set and one more processor.</summary>
    public ProcessorSet With(ProcessorId id) => Contains(id) ? this : Of([.. _sorted, id]);

    /// <summary>This set without one processor.</summary>
    public ProcessorSet Without(ProcessorId id) =>
        Contains(id) ? new ProcessorSet(Array.FindAll(_sorted, x => x != id)) : this;

    /// <summary>All members of both sets.</summary>
    public ProcessorSet Union(ProcessorSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.IsSubsetOf(this) ? this : IsSubsetOf(other) ? other : Of([.. _sorted, .. other._sorted]);
    }

    /// <summary>The members that are in both sets.</summary>
    public ProcessorSet Intersect(ProcessorSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsSubsetOf(other) ? this : new ProcessorSet(Array.FindAll(_sorted, other.Contains));
    }

    /// <summary>The members that are not in the other set.</summary>
    public ProcessorSet Except(ProcessorSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new ProcessorSet(Array.FindAll(_sorted, x => !other.Contains(x)));
    }

    /// <summary>True when every member is in the other set too.</summary>
    public bool IsSubsetOf(ProcessorSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (var id in _sorted)
        {
            if (!other.Contains(id))
                return false;
        }

        return true;
    }

    /// <inheritdoc />
    public bool Equals(ProcessorSet? other) => other is not null && _sorted.AsSpan().SequenceEqual(other._sorted);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as ProcessorSet);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var id in _sorted)
            hash.Add(id.Value);
        return hash.ToHashCode();
    }

    /// <summary>True when both sets have the same members.</summary>
    public static bool operator ==(ProcessorSet? left, ProcessorSet? right) =>
        left is null ? right is null : left.Equals(right);

    /// <summary>True when the sets differ.</summary>
    public static bool operator !=(ProcessorSet? left, ProcessorSet? right) => !(left == right);

    /// <inheritdoc />
    public IEnumerator<ProcessorId> GetEnumerator() => ((IEnumerable<ProcessorId>)_sorted).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The members, comma separated, in braces: <c>{1, 2, 5}</c>.</summary>
    public override string ToString() => $"{{{string.Join(", ", _sorted)}}}";
}
