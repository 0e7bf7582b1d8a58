using System.Globalization;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;
using Totem.Tests.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The ways to go wrong at one request of a process. "Before" and "after" are before and after the server has
/// done it; "late" is when a server does it after its client has lost the connection.</summary>
internal enum ModelFault
{
    None,
    ConnectionBefore,
    ConnectionAfter,
    ConnectionLate,

    /// <summary>The server did not answer in time, so the library gives the connection up.</summary>
    Timeout,
    SessionBefore,
    SessionAfter,
    ServerBefore,
    ServerAfter,
    DeathBefore,
    DeathAfter,
    DeathLate,

    /// <summary>The server is busy and refuses that one request.</summary>
    Throttled,
}

/// <summary>A process of the model: a sheep, its session and its client.</summary>
internal sealed class ModelMember(ModelSheep sheep, ZooKeeperSession session, MemoryClient client)
{
    public ModelSheep Sheep { get; } = sheep;

    public ZooKeeperSession Session { get; } = session;

    public MemoryClient Client { get; } = client;

    public bool IsOver { get; set; }

    /// <summary>The numbers that it has told the others as a member, in order.</summary>
    public List<string> Said { get; } = [];

    /// <summary>The process stands still; its library keeps the session alive.</summary>
    public bool IsPaused { get; set; }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Sheep.Identity}:{Client.Session:x}");
}

/// <summary>One life of a process over all its sessions, with the fault that it meets.</summary>
internal sealed class ModelLife(ModelFault fault = ModelFault.None, int faultAt = 0)
{
    public HashSet<long> Sessions { get; } = [];

    /// <summary>One of them was in the log.</summary>
    public bool HasArrived { get; set; }

    public ModelFault Fault { get; } = fault;

    public int RequestCount { get; private set; }

    /// <summary>The request at which the fault comes.</summary>
    public BackendRequest? Faulty { get; private set; }

    public void Count(BackendRequest request)
    {
        if (++RequestCount == faultAt)
            Faulty = request;
    }
}

/// <summary>Sheep on ZooKeeper servers in memory. A seed decides what is done next, on a clock that goes when
/// it is told to; nothing else happens.</summary>
internal sealed class ZooKeeperModel
{
    private const int StepsMax = 200_000;

    private static readonly ZooKeeperPaths Paths = new("/r");

    private readonly Random _random;
    private readonly MemoryZooKeeper _servers = new(3, Paths.Directories);
    private readonly List<ModelMember> _members = [];
    private readonly Dictionary<int, ModelLife> _lives = [];
    private long _now;
    private ushort _said;

    public ZooKeeperModel(int seed) => _random = new Random(seed);

    /// <summary>So that all of it happens in a short run.</summary>
    public ZooKeeperLimits Limits { get; init; } = new() { PublishEntries = 8, InlineBytesMax = 0, ChunkBytesMax = 64 };

    public int RunningServers => _servers.Servers.Count(x => x.IsRunning);

    public ModelCluster Cluster { get; } = new(isLog: true);

    /// <summary>The sessions that have ended, and why.</summary>
    public List<(int Identity, string Reason)> Losses { get; } = [];

    public MemoryTree Tree => _servers.Latest;

    public IEnumerable<ModelMember> Alive => _members.Where(x => x.Sheep.IsAlive);

    /// <summary>Starts a process and lets it join.</summary>
    public ModelMember Start(int identity, ModelLife? life = null)
    {
        life ??= new ModelLife();
        _lives[identity] = life;
        return Begin(identity, life);
    }

    public ModelMember? Find(int identity) => Alive.FirstOrDefault(x => x.Sheep.Identity == identity);

    /// <summary>The process is gone. Its session with the servers is not, nor what it has asked of them.</summary>
    public void Kill(ModelMember member, bool isLate = false)
    {
        Cluster.Kill(member.Sheep);
        member.IsOver = true;
        member.Client.Break(isLate);
    }

    /// <summary>A sheep notifies the others of a number that is higher than all before.</summary>
    public void Notify(ModelMember member)
    {
        byte[] message = [(byte)(++_said >> 8), (byte)_said];
        var isMember = member.Sheep.Session.Phase == SessionPhase.Joined;
        if (member.Sheep.Session.Notify(message) == ClusterResult.Success && isMember)
            member.Said.Add($"notify {member.Sheep.Identity} {Convert.ToHexString(message)}");
    }

    /// <summary>The servers end the session of a process that lives.</summary>
    public void EndSession(ModelMember member)
    {
        _servers.EndSession(member.Client.Session);
        member.Client.Break();
    }

    /// <summary>One server ends, and with it the connections of its clients.</summary>
    public void StopServer() => Stop(_servers.Servers.First(x => x.IsRunning));

    public void StartServers()
    {
        foreach (var server in _servers.Servers)
            server.IsRunning = true;
    }

    /// <summary>Runs until nothing happens any more without the housekeeping, and no session is left over.</summary>
    public void RunUntilIdle()
    {
        for (var step = 0; ; step++)
        {
            Assert.True(step < StepsMax, "this never ends");
            foreach (var member in Alive.ToList())
                Settle(member);
            if (TryStep())
                _now += _random.Next(2);
            else if (!EndForgotten())
                return;
        }
    }

    /// <summary>The same, with the housekeeping a few times.</summary>
    public void RunUntilQuiet()
    {
        var end = _now + (4 * (long)Limits.Housekeeping.TotalMilliseconds);
        RunUntilIdle();
        while (Alive.Where(x => !x.IsOver).Min(x => x.Session.NextDeadline) is { } next && next <= end)
        {
            _now = Math.Max(_now, next);
            RunUntilIdle();
        }
    }

    /// <summary>A number of steps, whatever is left to do.</summary>
    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            foreach (var member in Alive.ToList())
                Settle(member);
            if (TryStep())
                _now += _random.Next(2);
        }
    }

    /// <summary>Everybody who lives is a member and was told the same, and of the others nothing is left.</summary>
    public void AssertWhole()
    {
        Notify(Alive.First());
        RunUntilQuiet();
        var alive = Cluster.Alive.ToList();
        Assert.All(alive, x => Assert.Equal(SessionPhase.Joined, x.Session.Phase));
        var identities = alive.Select(x => x.Identity).Order().ToList();
        Assert.All(alive, x => Assert.Equal(identities, x.Session.Members.Select(ModelSheep.IdOf).Order()));
        Assert.All(alive, x => Assert.Equal(Alive.First().Said[^1], x.Log[^1]));
        Assert.All(alive, AssertEachOnceAndInOrder);
        Assert.All(Alive, x => Assert.Equal(x.Said, x.Sheep.Log.Where(x.Said.Contains)));
        SequenceRules.Check(Cluster);
        Assert.Equal(alive.Count, Tree.Children("/r/queue_pos").Count);
        Assert.Equal(alive.Count, Tree.Children("/r/member").Count);
        // A sender that was lost between two parts of a state leaves the first until the joiner is over.
        var senders = Tree.Children("/r/handover").Select(x => ZooKeeperPaths.PeerOf(x[17..])!.Value);
        Assert.All(senders, x => Assert.Null(Tree.Find(Paths.Position(x))));
        // All but what was written since the positions were told.
        Assert.InRange(Tree.Children("/r/queue").Count, 0, 20);
    }

    /// <summary>Numbers grow, so none comes twice and none is overtaken.</summary>
    private static void AssertEachOnceAndInOrder(ModelSheep sheep)
    {
        // Messages of one byte are the ends of turns.
        var sentences = sheep.Log.Select(x => x.Split(' ')).Where(x => x[0] is "notify" && x[2].Length == 4);
        foreach (var sender in sentences.GroupBy(x => x[1], x => x[2], StringComparer.Ordinal))
            Assert.Equal(sender.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), sender);
    }

    private ModelMember Begin(int identity, ModelLife life)
    {
        var sheep = Cluster.Start(identity);
        var session = ZooKeeperPaths.SessionOf(sheep.Peer);
        _servers.BeginSession(session);
        var setup = new SessionSetup(Paths, sheep.Peer, NodeString.Of(ModelSheep.Node(identity)))
        {
            Limits = Limits,
            Credentials = new byte[24],
            EarlierSessions = new HashSet<long>(life.Sessions),
            HasArrivedBefore = life.HasArrived,
        };
        life.Sessions.Add(session);
        var member = new ModelMember(
            sheep, new ZooKeeperSession(sheep.Session, setup), new MemoryClient(_servers, session));
        _members.Add(member);
        Connect(member);
        sheep.Join();
        return member;
    }

    /// <summary>Does what a host does after each input, and a sheep that is told that it has to begin anew.</summary>
    private void Settle(ModelMember member)
    {
        var (sheep, session) = (member.Sheep, member.Session);
        if (member.IsPaused)
            return;
        if (!member.IsOver && session.NextDeadline <= _now)
            session.HandleDeadline(_now);
        while (!member.IsOver && session.End is null && sheep.Session.TryTransmit(out var message))
        {
            // A turn is over when what ends it is on its way.
            if (message is [(byte)ClusterMessageKind.Unblock, ..] && sheep.HasTurn)
                Cluster.Turn = null;
            session.Send(message);
        }

        while (session.TryTakeRequest(out var request))
        {
            _lives[sheep.Identity].Count(request);
            member.Client.Submit(request);
        }

        if (member.IsOver || (session.End is null && sheep.Session.Phase != SessionPhase.Lost))
            return;
        member.IsOver = true;
        _lives[sheep.Identity].HasArrived |= session.HasArrived;
        if (session.End is { } end)
        {
            Assert.False(end.IsReplaced, $"{member} was replaced");
            // The log is kept for each session that has a mark.
            Assert.False(end.Reason == LogEnd.WasRemoved && HasMark(sheep), $"{member}: {end.Reason}");
            Losses.Add((sheep.Identity, end.Reason));
            sheep.Session.HandleLost(end.Reason, canReconnect: true);
        }

        // The library tells the servers, if it can.
        if (member.Client.Server is not null)
            _servers.EndSession(member.Client.Session);
        member.Client.Break(isLate: true);
    }

    /// <summary>One thing that can happen, chosen by the seed.</summary>
    private bool TryStep()
    {
        var steps = new List<Action>();
        foreach (var member in _members)
            AddSteps(member, steps);
        foreach (var server in _servers.Servers)
        {
            if (server is { IsRunning: true, IsBehind: true })
                steps.Add(() => server.Learn(server.Known + 1));
        }

        if (steps.Count == 0)
            return false;
        steps[_random.Next(steps.Count)]();
        return true;
    }

    private void AddSteps(ModelMember member, List<Action> steps)
    {
        var (sheep, client) = (member.Sheep, member.Client);
        if (client.HasLate)
            steps.Add(client.HandleLate);
        if (!member.IsPaused && sheep.IsAlive && (sheep.Session.HasEvents || sheep.Session.Phase == SessionPhase.Lost))
            steps.Add(() => Dispatch(member));
        if (member.IsOver)
            return;
        if (client.Next is { } next)
            steps.Add(() => Handle(member, next));
        if (client.HasNews && !member.IsPaused)
            steps.Add(() => client.Deliver(member.Session, _now));
        if (client.Server is null && !client.HasNews && !member.IsPaused)
            steps.Add(() => Connect(member));
    }

    private void Connect(ModelMember member)
    {
        if (_random.Next(4) == 0)
            member.Client.FailToConnect();
        var running = _servers.Servers.Where(x => x.IsRunning).ToList();
        member.Client.Connect(running[_random.Next(running.Count)]);
    }

    private void Dispatch(ModelMember member)
    {
        // A sheep whose session the others have declared gone has no turn any more, and gets none, though it need not
        // know.
        var sheep = member.Sheep;
        var turn = Cluster.Turn is { } owner && HasMark(owner) ? owner : null;
        var isGone = !HasMark(sheep);
        Cluster.Turn = isGone ? null : turn;
        while (sheep.Dispatch())
        {
            // The next one.
        }

        if (isGone)
            Cluster.Turn = turn;
        if (sheep.Session.Phase != SessionPhase.Lost || !member.IsOver)
            return;
        Assert.Equal("Reconnect", sheep.Own[^1]);
        Cluster.Kill(sheep);
        Begin(sheep.Identity, _lives[sheep.Identity]);
    }

    private bool HasMark(ModelSheep sheep) => Tree.Find(Paths.Position(sheep.Peer)) is not null;

    private void Handle(ModelMember member, BackendRequest request)
    {
        var life = _lives[member.Sheep.Identity];
        var fault = ReferenceEquals(life.Faulty, request) ? life.Fault : ModelFault.None;
        if (fault is ModelFault.None or ModelFault.ConnectionAfter or ModelFault.SessionAfter or ModelFault.ServerAfter
            or ModelFault.DeathAfter)
        {
            member.Client.Handle();
        }

        switch (fault)
        {
            case ModelFault.ConnectionBefore or ModelFault.ConnectionAfter or ModelFault.ConnectionLate:
                member.Client.Break(fault == ModelFault.ConnectionLate);
                break;
            case ModelFault.Timeout:
                member.Client.Break(code: ZooKeeperCode.OperationTimeout);
                break;
            case ModelFault.Throttled:
                member.Client.Throttle();
                break;
            case ModelFault.SessionBefore or ModelFault.SessionAfter:
                EndSession(member);
                break;
            case ModelFault.ServerBefore or ModelFault.ServerAfter:
                Stop(member.Client.Server!);
                break;
            case ModelFault.DeathBefore or ModelFault.DeathAfter or ModelFault.DeathLate:
                Kill(member, fault == ModelFault.DeathLate);
                break;
            default:
                break;
        }
    }

    private void Stop(MemoryServer server)
    {
        server.IsRunning = false;
        foreach (var member in _members.Where(x => x.Client.Server == server))
            member.Client.Break();
    }

    /// <summary>The servers have not heard of a session for too long.</summary>
    private bool EndForgotten()
    {
        var forgotten = _members.FirstOrDefault(x => x.IsOver && _servers.HasSession(x.Client.Session));
        if (forgotten is not null)
            _servers.EndSession(forgotten.Client.Session);
        return forgotten is not null;
    }
}
