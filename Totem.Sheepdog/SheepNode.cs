namespace Totem.Sheepdog;

/// <summary>
/// A sheep as the daemon describes it: bytes that no driver interprets, of which the first few say who it is and the
/// rest may change (<see cref="IClusterDriver.UpdateNode"/>). Two nodes are equal when their identities are. Immutable.
/// </summary>
public sealed class SheepNode : IEquatable<SheepNode>
{
    /// <summary>The longest description, in bytes; sheep's has 80, with disks 592.</summary>
    public const int MaxBytes = 4096;

    private readonly byte[] _bytes;

    /// <summary>A node of these bytes, which are copied.</summary>
    /// <param name="bytes">1 to <see cref="MaxBytes"/> bytes.</param>
    /// <param name="identityLength">How many of them, from the first, say who it is.</param>
    /// <exception cref="ArgumentException">A length is out of range.</exception>
    public SheepNode(ReadOnlySpan<byte> bytes, int identityLength)
    {
        if (bytes.Length is 0 or > MaxBytes)
            throw new ArgumentException($"a node of {bytes.Length} bytes, expected 1 to {MaxBytes}", nameof(bytes));
        if (identityLength < 1 || identityLength > bytes.Length)
            throw new ArgumentException($"an identity of {identityLength} bytes, expected 1 to {bytes.Length}",
                nameof(identityLength));
        _bytes = bytes.ToArray();
        IdentityLength = identityLength;
    }

    /// <summary>All bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>How many bytes are the identity.</summary>
    public int IdentityLength { get; }

    /// <summary>The bytes that say who it is.</summary>
    public ReadOnlySpan<byte> Identity => _bytes.AsSpan(0, IdentityLength);

    /// <summary>The same identity.</summary>
    public bool Equals(SheepNode? other) => other is not null && Identity.SequenceEqual(other.Identity);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as SheepNode);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Identity);
        return hash.ToHashCode();
    }

    /// <summary>For people: the identity in hexadecimal.</summary>
    public override string ToString() => Convert.ToHexString(Identity);
}
