using System.Collections;
using System.Collections.Immutable;
using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The members among those who know the state; counted out only when somebody looks. Immutable.</summary>
internal sealed class MemberList(ImmutableList<InformedPeer> informed) : IReadOnlyList<SheepNode>
{
    private SheepNode[]? _nodes;

    public int Count => Nodes.Length;

    public SheepNode this[int index] => Nodes[index];

    private SheepNode[] Nodes => _nodes ??= [.. informed.Where(x => x.IsMember).Select(x => x.Node)];

    public IEnumerator<SheepNode> GetEnumerator() => ((IEnumerable<SheepNode>)Nodes).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => Nodes.GetEnumerator();
}
