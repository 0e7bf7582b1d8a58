using Totem.Cpg.Ring;

namespace Totem.Cpg.Sessions;

/// <summary>A walk through a copy of the group tables. After the last entry comes
/// <see cref="CsError.NoSections"/>, then the first again.</summary>
internal sealed class CpgIteration(ulong owner, (byte[] Group, CpgAddress Member)[] entries)
{
    private readonly Lock _gate = new();
    private int _next;

    /// <summary>The handle it was made from, and ends with.</summary>
    public ulong Owner => owner;

    public static CpgIteration Over(ulong owner, IReadOnlyList<CpgGroup> groups, bool namesOnly)
        => new(owner, namesOnly
            ? [.. groups.Select(group => (group.Name, default(CpgAddress)))]
            : [.. groups.SelectMany(group => group.Members.Select(member => (group.Name, member)))]);

    public CsError Next(out CpgIterationDescription description)
    {
        lock (_gate)
        {
            if (_next == entries.Length)
            {
                _next = 0;
                description = default;
                return CsError.NoSections;
            }

            var (group, member) = entries[_next++];
            description =
                new CpgIterationDescription { Group = CpgName.Of(group), Node = member.Node, Pid = member.Pid };
            return CsError.Ok;
        }
    }
}
