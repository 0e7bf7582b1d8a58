using System.Text;

namespace Totem.Sheepdog.Native;

/// <summary>
/// Makes the application's callbacks. Their arguments lie outside the managed heap and are valid during the call; nodes
/// and messages begin at multiples of 8, because C puts structures over them.
/// </summary>
internal sealed unsafe class NativeEvents(NativeCallbacks callbacks, nint user) : IClusterEvents, IDisposable
{
    private const int SyslogError = 3;
    private const int SyslogWarning = 4;
    private const int SyslogInformation = 6;
    private const int SyslogDebug = 7;

    private readonly NativeBlock _nodes = new();
    private readonly NativeBlock _message = new();

    public nint User => user;

    /// <summary>Whether the application has a place for lines of a log.</summary>
    public bool WantsLog => callbacks.Log != null;

    public bool OnJoin(SheepNode joining, IReadOnlyList<SheepNode> members, Span<byte> opaque)
    {
        var nodes = Copy(joining, members);
        fixed (byte* bytes = opaque)
            return callbacks.Join(user, nodes, nodes + 1, (nuint)members.Count, bytes, (nuint)opaque.Length) != 0;
    }

    public void OnAccept(SheepNode joined, IReadOnlyList<SheepNode> members, ReadOnlySpan<byte> opaque)
    {
        var nodes = Copy(joined, members);
        fixed (byte* bytes = opaque)
            callbacks.Accept(user, nodes, nodes + 1, (nuint)members.Count, bytes, (nuint)opaque.Length);
    }

    public void OnLeave(SheepNode left, IReadOnlyList<SheepNode> members)
    {
        var nodes = Copy(left, members);
        callbacks.Leave(user, nodes, nodes + 1, (nuint)members.Count);
    }

    public void OnNotify(SheepNode sender, ReadOnlySpan<byte> message)
    {
        // A copy, because the application writes into it.
        var bytes = _message.Take((nuint)message.Length);
        message.CopyTo(new Span<byte>(bytes, message.Length));
        callbacks.Notify(user, Copy(sender, []), bytes, (nuint)message.Length);
    }

    public bool OnBlock(SheepNode self) => callbacks.Block(user, Copy(self, [])) != 0;

    public void OnUpdateNode(SheepNode node) => callbacks.UpdateNode(user, Copy(node, []));

    public bool OnReconnect() => callbacks.Reconnect(user) != 0;

    public void OnFailed(string reason)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(reason + '\0'))
            callbacks.Failed(user, text);
    }

    public void OnLog(ClusterLogLevel level, string text)
    {
        if (!WantsLog)
            return;
        var number = level switch
        {
            ClusterLogLevel.Debug => SyslogDebug,
            ClusterLogLevel.Information => SyslogInformation,
            ClusterLogLevel.Warning => SyslogWarning,
            _ => SyslogError,
        };
        fixed (byte* bytes = Encoding.UTF8.GetBytes(text + '\0'))
            callbacks.Log(user, number, bytes);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _nodes.Dispose();
        _message.Dispose();
    }

    /// <summary>An array of nodes, <paramref name="first"/> before the others, and their bytes behind it.</summary>
    private NativeNode* Copy(SheepNode first, IReadOnlyList<SheepNode> others)
    {
        var size = (nuint)((others.Count + 1) * sizeof(NativeNode)) + Aligned(first);
        for (var i = 0; i < others.Count; i++)
            size += Aligned(others[i]);
        var nodes = (NativeNode*)_nodes.Take(size);
        var bytes = (byte*)(nodes + others.Count + 1);
        for (var i = 0; i <= others.Count; i++)
        {
            var node = i == 0 ? first : others[i - 1];
            nodes[i] = new NativeNode { Bytes = bytes, Length = (nuint)node.Bytes.Length };
            node.Bytes.CopyTo(new Span<byte>(bytes, node.Bytes.Length));
            bytes += Aligned(node);
        }

        return nodes;
    }

    private static nuint Aligned(SheepNode node) => (nuint)(node.Bytes.Length + 7) & ~(nuint)7;
}
