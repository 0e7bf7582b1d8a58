using System.Reflection;
using Totem.Sheepdog;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;
using Totem.Tests.Tidy;

namespace Totem.Tests.Sheepdog.Sessions;

/// <summary>The meaning of every input in every state of a session, in one table: the file beside this one. Its rows
/// are all inputs, its columns all states. <c>TOTEM_ACCEPT_SESSION_TABLE=1</c> writes it anew; the diff goes into the
/// commit.</summary>
public sealed class SessionTableTests
{
    /// <summary>The session under test; three others are members, of whom 1 is the oldest, and 5 comes and
    /// goes.</summary>
    private static readonly PeerId Self = new(4, 1);
    private static readonly PeerId Oldest = new(1, 1);
    private static readonly PeerId Other = new(5, 1);
    private static readonly PeerId[] Members = [new(1, 1), new(2, 1), new(3, 1), Self];

    private const string AcceptVariable = "TOTEM_ACCEPT_SESSION_TABLE";
    private const string TableFile = "Totem.Tests/Sheepdog/Sessions/SessionTable.txt";

    private static readonly (Type State, Func<ClusterSession> Make)[] States =
    [
        (typeof(ArrivingState), Arriving),
        (typeof(JoiningState), Joining),
        (typeof(JoinedState), Joined),
        (typeof(InDoubtState), InDoubt),
        (typeof(LostState), Lost),
    ];

    private static readonly (string Name, Type Input, Action<ClusterSession> Do)[] Backend =
    [
        Change("the group has it", new PeerChange(Members, [], [new PeerJoined(Self, false)])),
        Change("somebody comes", new PeerChange([.. Members, Other], [], [new PeerJoined(Other, false)])),
        Change("one ends", new PeerChange(Members[1..], [new PeerLeft(Oldest, true)], [])),
        Change("three go", new PeerChange([Self], [.. Members[..3].Select(x => new PeerLeft(x, false))], [])),
        Change("three are back", new PeerChange(Members, [], [.. Members[..3].Select(x => new PeerJoined(x, true))])),
        Change("its place in a log", new LogArrival(Members)),
        Change("a log: one ends", new LogChange([new PeerLeft(Oldest, true)], [])),
        ("a cut is near", typeof(SessionInput.Transitional), x => x.HandleTransitional([Self])),
        ("a process dies", typeof(SessionInput.SeatDied), x => x.HandleDead(1)),
        ("settled", typeof(SessionInput.Settled), x => x.HandleSettled()),
        ("the clock", typeof(SessionInput.ClockRead), x => x.HandleTime(10_000)),
        ("backend lost", typeof(SessionInput.BackendLost), x => x.HandleLost("the test says so", true)),
        ("backend lost for long", typeof(SessionInput.BackendLost), x => x.HandleLost("the test says so", false)),
        ("node replaced", typeof(SessionInput.NodeReplaced), x => x.HandleReplaced()),
        ("join", typeof(SessionInput.JoinAsked), x => x.Join(NodeOf(Self), [])),
    ];

    private static readonly (string Name, Action<ClusterSession> Do)[] Sheep =
    [
        ("leave", x => x.Leave()),
        ("notify", x => Ask(x.Notify([1]))),
        ("block", x => Ask(x.Block())),
        ("unblock", x => Ask(x.Unblock([1]))),
        ("update", x => Ask(x.UpdateNode(NodeOf(Self)))),
        ("lock", x => Ask(x.Lock(7) != 0 ? ClusterResult.Success : ClusterResult.ClusterError)),
        ("unlock", x => x.Unlock(7, 1)),
        ("answer a join", x => x.AnswerJoin(new ClusterEvent(ClusterEventKind.Join) { Peer = Other }, true)),
        ("answer a turn", x => x.AnswerBlock(new ClusterEvent(ClusterEventKind.Block) { Ticket = 1 }, true)),
    ];

    private static IEnumerable<(string Name, Type Input, Action<ClusterSession> Do)> Messages =>
        Enum.GetValues<ClusterMessageKind>().Select(kind => (
            $"message {kind}",
            typeof(OrderedMessage),
            (Action<ClusterSession>)(x => x.HandleMessage(SenderOf(kind), Message(kind)))));

    [Fact]
    public void Every_input_is_decided_in_every_state()
    {
        var rows = Backend.Concat(Messages).Select(x => (x.Name, x.Do)).Concat(Sheep)
            .Select(x => (string[])[x.Name, .. States.Select(y => Outcome(y.Make(), x.Do))]);
        string[][] table = [["input", .. States.Select(x => NameOf(x.State))], .. rows];
        var widths = Enumerable.Range(0, table[0].Length).Select(x => table.Max(y => y[x].Length)).ToArray();
        var lines = table
            .Select(x => string.Join(" | ", x.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()).ToArray();
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            File.WriteAllLines(Repository.FullPath(TableFile), lines);
        Assert.Equal(Repository.Lines(TableFile), lines);
    }

    /// <summary>In the table sheep has asked already, as it has in all but the first moments.</summary>
    [Fact]
    public void A_session_asks_when_sheep_has_told_it_to_and_the_group_has_it()
    {
        var early = new ClusterSession(Self);
        Assert.Equal("-", Outcome(early, x => x.Join(NodeOf(Self), [])));
        Assert.Equal("→ Joining, sends Join", Outcome(early, Backend[0].Do));

        var late = new ClusterSession(Self);
        Assert.Equal("→ Joining", Outcome(late, Backend[0].Do));
        Assert.Equal("sends Join", Outcome(late, x => x.Join(NodeOf(Self), [])));

        Assert.Equal("sends Join", Outcome(ClusterSession.OverLog(Self), x => x.Join(NodeOf(Self), [])));

        var lost = new ClusterSession(Self);
        lost.HandleLost("the test says so", canReconnect: false);
        Assert.Equal("-", Outcome(lost, x => x.Join(NodeOf(Self), [])));
    }

    [Fact]
    public void The_table_has_every_state_and_every_input()
    {
        Assert.Equal(Concrete(typeof(SessionState)), States.Select(x => x.State).ToHashSet());
        Assert.Equal(Concrete(typeof(SessionInput)), Backend.Concat(Messages).Select(x => x.Input).ToHashSet());
        foreach (var (state, make) in States)
            Assert.Equal(state, StateOf(make()).GetType());
    }

    /// <summary>A class of many fields is a class of many things.</summary>
    [Fact]
    public void No_class_of_a_session_has_more_than_twelve_fields()
    {
        const BindingFlags own =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var types = typeof(ClusterSession).Assembly.GetTypes()
            .Where(x => x.Namespace == typeof(ClusterSession).Namespace && x.IsClass).ToList();
        Assert.Contains(typeof(JoinedState), types);
        Assert.All(types, x => Assert.InRange(x.GetFields(own).Length, 0, 12));
    }

    private static (string, Type, Action<ClusterSession>) Change(string name, OrderedChange change) =>
        (name, change.GetType(), x => x.HandleChange(change));

    private static PeerId SenderOf(ClusterMessageKind kind) => kind == ClusterMessageKind.Join ? Other : Oldest;

    private static HashSet<Type> Concrete(Type type) =>
        [.. type.Assembly.GetTypes().Where(x => x.IsSubclassOf(type) && !x.IsAbstract)];

    private static string NameOf(Type state) => state.Name[..^"State".Length];

    private static object StateOf(ClusterSession session) =>
        typeof(ClusterSession).GetField("_state", BindingFlags.Instance | BindingFlags.NonPublic)!
            .GetValue(session)!;

    private static string Outcome(ClusterSession session, Action<ClusterSession> action)
    {
        var before = StateOf(session);
        var parts = new List<string>();
        try
        {
            action(session);
        }
        catch (InvalidOperationException failure) when (failure.GetType() == typeof(InvalidOperationException))
        {
            parts.Add(failure.Message);
        }

        if (StateOf(session) != before)
            parts.Add($"→ {NameOf(StateOf(session).GetType())}");
        while (session.TryTransmit(out var message))
            parts.Add($"sends {(ClusterMessageKind)message[0]}");
        while (session.TryTake(out var told))
            parts.Add($"tells {told.Kind}");
        return parts.Count == 0 ? "-" : string.Join(", ", parts);
    }

    private static void Ask(ClusterResult result)
    {
        if (result != ClusterResult.Success)
            throw new InvalidOperationException("refused");
    }

    private static byte[] Message(ClusterMessageKind kind) => new ClusterMessage(kind)
    {
        // Of an accept and a grant: that it is this session's.
        Peer = Self,
        Attempt = 1,
        Acceptor = Oldest,
        Node = kind == ClusterMessageKind.Join ? NodeOf(Other) : NodeOf(Oldest),
        State = OthersAreIn,
        View = new ClusterView(1, Oldest),
        Seats = [1, 2, 3],
    }.Encode();

    private static ClusterState OthersAreIn => ClusterState.Empty with
    {
        Informed = [.. Members[..3].Select(x => new InformedPeer(x, NodeOf(x), IsMember: true))],
    };

    private static SheepNode NodeOf(PeerId peer) => ModelSheep.Node((int)peer.Seat);

    private static ClusterSession Arriving()
    {
        var session = new ClusterSession(Self);
        session.Join(NodeOf(Self), []);
        return session;
    }

    /// <summary>Its request is in the order.</summary>
    private static ClusterSession Joining()
    {
        var session = Arriving();
        session.HandleChange(new PeerChange(Members, [], [new PeerJoined(Self, false)]));
        Assert.True(session.TryTransmit(out var request));
        session.HandleMessage(Self, request);
        return session;
    }

    private static ClusterSession Joined()
    {
        var session = Joining();
        session.HandleMessage(Oldest, Message(ClusterMessageKind.Accept));
        Assert.True(session.TryTake(out _));
        return session;
    }

    private static ClusterSession InDoubt()
    {
        var session = Joined();
        session.HandleTransitional([Self]);
        return session;
    }

    private static ClusterSession Lost()
    {
        var session = Joined();
        session.HandleLost("the test says so", canReconnect: false);
        return session;
    }
}
