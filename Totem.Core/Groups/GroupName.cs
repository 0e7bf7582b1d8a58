using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Totem.Core.Groups;

/// <summary>The name of a process group: 1 to 128 bytes, compared byte by byte. Text is taken as UTF-8. Immutable.</summary>
public sealed class GroupName : IEquatable<GroupName>
{
    /// <summary>The longest name, in bytes (corosync's CPG_MAX_NAME_LENGTH).</summary>
    public const int BytesMax = 128;

    private readonly byte[] _bytes;

    /// <summary>A name of these bytes.</summary>
    /// <exception cref="ArgumentException">It is empty or longer than <see cref="BytesMax"/>.</exception>
    public GroupName(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > BytesMax)
            throw new ArgumentException($"a group name of {bytes.Length} bytes, expected 1 to {BytesMax}", nameof(bytes));
        _bytes = bytes.ToArray();
    }

    /// <summary>A name of this text, in UTF-8.</summary>
    /// <exception cref="ArgumentException">It is empty or longer than <see cref="BytesMax"/> bytes.</exception>
    public GroupName(string text)
        : this(Encoding.UTF8.GetBytes(text ?? throw new ArgumentNullException(nameof(text))))
    {
    }

    /// <summary>The bytes of the name.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A text is a name, in UTF-8.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "the constructor is the other way")]
    public static implicit operator GroupName(string text) => new(text);

    /// <summary>Equal bytes.</summary>
    public static bool operator ==(GroupName? left, GroupName? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Not equal bytes.</summary>
    public static bool operator !=(GroupName? left, GroupName? right) => !(left == right);

    /// <inheritdoc />
    public bool Equals(GroupName? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as GroupName);

    /// <inheritdoc />
    public override int GetHashCode() => Hash(_bytes);

    /// <summary>For people: the text, with what cannot be printed as <c>\xNN</c>.</summary>
    public override string ToString()
    {
        var text = Encoding.UTF8.GetString(_bytes);
        if (!text.Any(x => char.IsControl(x) || x == '\uFFFD'))
            return text;
        return string.Concat(_bytes.Select(x => x is >= 0x20 and < 0x7F ? ((char)x).ToString() : $"\\x{x:X2}"));
    }

    internal static int Hash(ReadOnlySpan<byte> bytes)
    {
        // FNV-1a: a few bytes, no secret. Peers that choose names to collide slow down a table of limited size.
        var hash = 2166136261;
        foreach (var value in bytes)
            hash = (hash ^ value) * 16777619;
        return (int)hash;
    }
}
