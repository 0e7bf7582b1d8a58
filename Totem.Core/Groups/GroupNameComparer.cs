namespace Totem.Core.Groups;

/// <summary>Finds a name by its bytes, so that a message needs no object to find its group.</summary>
internal sealed class GroupNameComparer : IEqualityComparer<GroupName>,
    IAlternateEqualityComparer<ReadOnlySpan<byte>, GroupName>
{
    public static GroupNameComparer Instance { get; } = new();

    public bool Equals(GroupName? x, GroupName? y) => x == y;

    public int GetHashCode(GroupName obj) => obj.GetHashCode();

    public bool Equals(ReadOnlySpan<byte> alternate, GroupName other) => alternate.SequenceEqual(other.Bytes);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => GroupName.Hash(alternate);

    public GroupName Create(ReadOnlySpan<byte> alternate) => new(alternate);
}
