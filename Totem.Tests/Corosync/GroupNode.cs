using System.Diagnostics;
using Totem.Cli.Workers;

namespace Totem.Tests.Corosync;

/// <summary>A process of ours: a member of the ring, and its client of a group
/// (<see cref="GroupNodeProgram"/>).</summary>
internal sealed class GroupNode : LoadProcess
{
    private readonly Action<GroupNode> _onChange;

    private GroupNode(uint node, ProcessStartInfo info, Action<GroupNode> onChange) : base($"ours {node}", info)
        => (Node, _onChange) = (node, onChange);

    /// <summary>Its node id.</summary>
    public uint Node { get; }

    /// <summary>The ring it is in.</summary>
    public NodeRing Ring { get; private set; } = NodeRing.None;

    /// <summary>Frames of it have followed the token.</summary>
    public bool IsAhead { get; private set; }

    /// <summary>Starts it.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="wrapper">A command that runs another one in the node's network.</param>
    /// <param name="configurationFile">The <c>corosync.conf</c>.</param>
    /// <param name="stateFolder">Where the ring sequence is kept.</param>
    /// <param name="shape">The shape of its messages.</param>
    /// <param name="acceleratedWindow">How many frames of a visit may follow the token.</param>
    /// <param name="onChange">Called when its ring changes and after its end, on any thread.</param>
    public static GroupNode Start(
        uint node, IReadOnlyList<string> wrapper, string configurationFile, string stateFolder, LoadShape shape,
        int acceleratedWindow,
        Action<GroupNode> onChange)
    {
        var host = Environment.ProcessPath;
        var dotnet = host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        string[] command =
        [
            .. wrapper, dotnet, typeof(GroupNode).Assembly.Location, configurationFile, $"{node}", stateFolder,
            $"{acceleratedWindow}", .. shape.Arguments,
        ];
        var ours = new GroupNode(node, new ProcessStartInfo(command[0], command[1..]), onChange);
        ours.Begin();
        return ours;
    }

    /// <summary>Its application reads nothing more, and its ring goes on.</summary>
    public void HoldReader() => Tell("hold");

    /// <summary>Its application reads again.</summary>
    public void ReleaseReader() => Tell("release");

    /// <summary>SIGSTOP.</summary>
    public void Pause() => ProcessSignal.Pause(Process);

    /// <summary>SIGCONT.</summary>
    public void Continue() => ProcessSignal.Continue(Process);

    protected override void Take(string line)
    {
        if (line == "a")
        {
            IsAhead = true;
            return;
        }

        if (line.Split(' ') is not [("t" or "y") and var kind, var ring, var members])
        {
            base.Take(line);
            return;
        }

        var isReady = kind == "y";
        // A ring is ready for good; what was looked at may be told behind the next one's installation.
        if (isReady && Ring.Id != ring)
            return;
        Ring = new NodeRing(ring, [.. List(members).Select(Number).Order()], isReady);
        _onChange(this);
    }

    protected override void OnEnd() => _onChange(this);
}
