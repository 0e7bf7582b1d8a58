namespace Totem.Core.Model;

/// <summary>The token's hop number; it exposes duplicates. 32 bits imposed by the wire, compared circularly.</summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct TokenSeq(uint Value)
{
    /// <summary>The number the next holder sends on.</summary>
    public TokenSeq Next => new(unchecked(Value + 1));

    /// <summary>The number before; a new ring starts "having seen" the one before the first.</summary>
    public TokenSeq Previous => new(unchecked(Value - 1));

    /// <summary>True when this token was sent after the other one.</summary>
    public bool IsAfter(TokenSeq other) => unchecked((int)(Value - other.Value)) > 0;

    /// <inheritdoc />
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
