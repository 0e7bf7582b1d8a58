using Totem.Sheepdog;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.Sessions;

/// <summary>Sessions on one total order that lies in memory. The test decides what is done next; nothing happens by
/// itself.</summary>
/// <param name="isLog">Whether the order is a log without a group, in which sessions write down who is gone.</param>
internal sealed class ModelCluster(bool isLog = false)
{
    private readonly List<Element> _order = [];
    private readonly List<PeerId> _peers = [];
    private uint _instance;

    public List<ModelSheep> All { get; } = [];

    public IEnumerable<ModelSheep> Alive => All.Where(x => x.IsAlive);

    /// <summary>The sheep that has the turn: two at once is an error. Ends when the unblock has its place in the
    /// order.</summary>
    public ModelSheep? Turn { get; set; }

    public int BytesOrdered { get; private set; }

    /// <summary>In milliseconds.</summary>
    public long Now { get; set; }

    /// <summary>A process is there and in the group.</summary>
    /// <param name="identity">The node.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="isMerged">It was in the group alone before it found the others.</param>
    public ModelSheep Start(int identity, SessionOptions? options = null, bool isMerged = false)
    {
        var peer = new PeerId((uint)identity + 1, ++_instance);
        var sheep = new ModelSheep(this, peer, identity, _order.Count,
            isLog ? ClusterSession.OverLog(peer) : new ClusterSession(peer, options));
        if (isLog)
        {
            sheep.Group = new LogGroup(sheep.Session);
            All.Add(sheep);
            return sheep;
        }

        _peers.Add(sheep.Peer);
        _order.Add(new Element(default, null, new PeerChange([.. _peers], [], [new PeerJoined(sheep.Peer, isMerged)])));
        All.Add(sheep);
        return sheep;
    }

    /// <summary>The process is gone; what it had not put into the order yet, too.</summary>
    public void Kill(ModelSheep sheep, bool isKnownEnded = true)
    {
        sheep.IsAlive = false;
        _peers.Remove(sheep.Peer);
        if (Turn == sheep)
            Turn = null;
        if (!isLog)
            _order.Add(
                new Element(default, null, new PeerChange([.. _peers], [new PeerLeft(sheep.Peer, isKnownEnded)], [])));
    }

    /// <summary>One message of a sheep takes its place.</summary>
    public bool Order(ModelSheep sheep)
    {
        if (!sheep.IsAlive || !sheep.Session.TryTransmit(out var message))
            return false;
        BytesOrdered += message.Length;
        if (ClusterMessage.TryDecode(message) is { Kind: ClusterMessageKind.Unblock or ClusterMessageKind.Leave }
            && Turn == sheep)
            Turn = null;
        if (isLog && !_peers.Contains(sheep.Peer))
        {
            sheep.Position = _order.Count;
            _peers.Add(sheep.Peer);
        }

        _order.Add(new Element(sheep.Peer, message, null));
        return true;
    }

    /// <summary>A sheep looks at the one it watches, and writes down that it is gone.</summary>
    public bool Watch(ModelSheep sheep)
    {
        if (!sheep.IsAlive || sheep.Group?.Watched is not { } watched || _peers.Contains(watched)
            || !sheep.Reported.Add(watched))
            return false;
        _order.Add(new Element(watched, null, null));
        return true;
    }

    /// <summary>A sheep hears the next element.</summary>
    public bool Deliver(ModelSheep sheep)
    {
        if (!sheep.IsAlive || sheep.Position == _order.Count || (isLog && !_peers.Contains(sheep.Peer)))
            return false;
        // It looks for the others any time after it arrived.
        if (sheep.Group is { Count: 0 } group)
            group.HandleArrived([.. _peers.TakeWhile(x => x != sheep.Peer)]);
        var element = _order[sheep.Position++];
        if (sheep.Group is not null && element.Message is null)
            sheep.Group.HandleGone(element.Sender);
        else if (sheep.Group is not null)
            sheep.Group.HandleMessage(element.Sender, element.Message);
        else if (element.Change is not null)
            sheep.Session.HandleChange(element.Change);
        else
            sheep.Session.HandleMessage(element.Sender, element.Message);
        return true;
    }

    public void RunUntilQuiet()
    {
        for (var isQuiet = false; !isQuiet;)
        {
            isQuiet = true;
            foreach (var sheep in All)
            {
                while (Order(sheep) | Deliver(sheep) | Watch(sheep) | sheep.Dispatch())
                    isQuiet = false;
            }
        }
    }

    private readonly record struct Element(PeerId Sender, byte[]? Message, PeerChange? Change);
}

/// <summary>A sheep of the model; what it is told becomes lines.</summary>
internal sealed class ModelSheep(ModelCluster cluster, PeerId peer, int identity, int position, ClusterSession session)
{
    public const int OpaqueLength = 1000;

    public PeerId Peer { get; } = peer;

    public int Identity { get; } = identity;

    public ClusterSession Session { get; } = session;

    /// <summary>Over a log.</summary>
    public LogGroup? Group { get; set; }

    /// <summary>The sessions whose end it has written down.</summary>
    public HashSet<PeerId> Reported { get; } = [];

    public int Position { get; set; } = position;

    public bool IsAlive { get; set; } = true;

    public bool HasTurn => cluster.Turn == this;

    /// <summary>The events that everybody is told alike.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Own join requests and turns.</summary>
    public List<string> Own { get; } = [];

    public bool RefusesTurns { get; set; }

    /// <summary>The work that it does in its turn is not over; a leave ends the turn, not the work.</summary>
    public bool IsRunning { get; private set; }

    public HashSet<ulong> Locks { get; } = [];

    public static SheepNode Node(int identity, int value = 0) =>
        new([(byte)identity, (byte)(identity >> 8), (byte)value], 2);

    public static int IdOf(SheepNode node) => node.Bytes[0] | (node.Bytes[1] << 8);

    public static byte[] Opaque(int value)
    {
        var opaque = new byte[OpaqueLength];
        opaque[0] = (byte)value;
        return opaque;
    }

    public ModelSheep Join()
    {
        Session.Join(Node(Identity), Opaque(Identity));
        return this;
    }

    public void Unblock(byte[] message)
    {
        IsRunning = false;
        Session.Unblock(message);
    }

    /// <summary>Takes one event.</summary>
    public bool Dispatch()
    {
        if (!IsAlive)
            return false;
        while (Session.TryTakeGranted(out var ticket))
            Assert.True(Locks.Add(ticket));
        if (!Session.TryTake(out var next))
            return false;
        switch (next.Kind)
        {
            case ClusterEventKind.Join:
                Assert.Equal(OpaqueLength, next.Bytes.Length);
                Own.Add($"join {IdOf(next.Node!)} to [{Names(next.Members!)}]");
                next.Bytes.Span[1] = (byte)(Identity + 100);
                Session.AnswerJoin(next, isAccepted: true);
                break;
            case ClusterEventKind.Block:
                if (!RefusesTurns)
                {
                    Assert.Null(cluster.Turn);
                    cluster.Turn = this;
                    IsRunning = true;
                    Own.Add("turn");
                }

                Session.AnswerBlock(next, !RefusesTurns);
                return !RefusesTurns;
            case ClusterEventKind.Notify:
                Log.Add($"notify {IdOf(next.Node!)} {Convert.ToHexString(next.Bytes.Span)}");
                break;
            case ClusterEventKind.Accept:
                Assert.Equal(OpaqueLength, next.Bytes.Length);
                Log.Add($"accept {IdOf(next.Node!)} [{Names(next.Members!)}] {next.Bytes.Span[0]} "
                    + $"{next.Bytes.Span[1]}");
                break;
            case ClusterEventKind.Leave:
                Log.Add($"leave {IdOf(next.Node!)} [{Names(next.Members!)}]");
                break;
            case ClusterEventKind.UpdateNode:
                Log.Add($"update {IdOf(next.Node!)} {next.Node!.Bytes[2]}");
                break;
            default:
                Own.Add(next.Kind.ToString());
                break;
        }

        return true;
    }

    private static string Names(IEnumerable<SheepNode> nodes) => string.Join(' ', nodes.Select(IdOf));
}
