using System.Globalization;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The rules by which entries are written once and in order, without a server.</summary>
public sealed class LogSenderTests
{
    private static readonly PeerId Self = new(1, 7);
    private static readonly SessionSetup Setup = new(new ZooKeeperPaths("/r"), Self, "00");

    private readonly RequestDesk _desk = new(Setup) { IsConnected = true };
    private readonly LogSender _sender;

    public LogSenderTests() => _sender = new LogSender(Setup, _desk);

    /// <summary>The meaning of each answer to a write in each state. "a" and "b" are the messages; a number is the
    /// version of the mark that a write is valid behind.</summary>
    [Fact]
    public void Each_answer_to_a_write_has_its_meaning_in_each_state()
    {
        string[] rows = [.. Enum.GetValues<ZooKeeperCode>().Select(code => $"{code}: "
            + $"{Outcome(OneInFlight, code)} | {Outcome(TwoInFlight, code)} | {Outcome(Uncertain, code)}")];
        Assert.Equal(
            """
            state: one in flight | two in flight | uncertain, one in flight
            AuthenticationFailed: lost, AuthenticationFailed | lost, AuthenticationFailed | lost, AuthenticationFailed
            BadArguments: lost, BadArguments | lost, BadArguments | lost, BadArguments
            BadVersion: sync, get mark | nothing | sync, get mark
            Closing: lost, Closing | lost, Closing | lost, Closing
            ConnectionLoss: sync, get mark | nothing | sync, get mark
            InvalidState: lost, InvalidState | lost, InvalidState | lost, InvalidState
            NoNode: mark lost | mark lost | mark lost
            NodeExists: lost, NodeExists | lost, NodeExists | lost, NodeExists
            Ok: nothing | nothing | sync, get mark
            OperationTimeout: sync, get mark | nothing | sync, get mark
            SessionExpired: lost, SessionExpired | lost, SessionExpired | lost, SessionExpired
            SessionMoved: sync, get mark | nothing | sync, get mark
            Throttled: sync, get mark | nothing | sync, get mark
            """.Split('\n'),
            (string[])["state: one in flight | two in flight | uncertain, one in flight", .. rows.Order(
                StringComparer.Ordinal)]);

        string Outcome(Action<LogSenderTests> state, ZooKeeperCode code)
        {
            var test = new LogSenderTests();
            state(test);
            test._sender.HandleWritten(Answer(code), position: 5);
            return test.Outcome();
        }
    }

    /// <summary>The mark's version says how many of two writes were applied; the others are written anew, behind
    /// it.</summary>
    [Theory]
    [InlineData(ZooKeeperCode.Ok, 0, "0 a, 1 b")]
    [InlineData(ZooKeeperCode.Ok, 1, "1 b")]
    [InlineData(ZooKeeperCode.Ok, 2, "nothing")]
    [InlineData(ZooKeeperCode.Ok, 3, "somebody else has changed the mark of this session")]
    [InlineData(ZooKeeperCode.Ok, -1, "somebody else has changed the mark of this session")]
    [InlineData(ZooKeeperCode.NoNode, 0, "mark lost")]
    [InlineData(ZooKeeperCode.ConnectionLoss, 0, "sync, get mark")]
    [InlineData(ZooKeeperCode.OperationTimeout, 0, "sync, get mark")]
    internal void The_version_of_the_mark_says_how_much_was_applied(ZooKeeperCode code, int version, string outcome)
    {
        TwoInFlight(this);
        _sender.HandleWritten(Answer(ZooKeeperCode.ConnectionLoss), 5);
        Assert.Equal("nothing", Outcome());
        _sender.HandleWritten(Answer(ZooKeeperCode.ConnectionLoss), 5);
        Assert.Equal("sync, get mark", Outcome());
        _sender.HandleMark(Answer(code) with { Stat = new ZooKeeperStat { Version = version } }, 5);
        Assert.Equal(outcome, Outcome());
    }

    [Fact]
    public void While_the_connection_is_lost_nothing_is_asked_and_nothing_written()
    {
        OneInFlight(this);
        _desk.IsConnected = false;
        _sender.HandleWritten(Answer(ZooKeeperCode.ConnectionLoss), 5);
        _sender.Send([.. "b"u8], 5);
        Assert.Equal("nothing", Outcome());
        _desk.IsConnected = true;
        _sender.Resume(6);
        Assert.Equal("sync, get mark", Outcome());
        _sender.HandleMark(Answer(ZooKeeperCode.Ok) with { Stat = new ZooKeeperStat { Version = 1 } }, 6);
        Assert.Equal("1 b", Outcome());
        Assert.Equal(6u, _sender.Published);
        Assert.Equal(1, _sender.Bytes);
    }

    [Fact]
    public void Sixty_four_writes_are_on_their_way_at_most()
    {
        for (var i = 0; i < 70; i++)
            _sender.Send([.. "a"u8], 0);
        Assert.Equal(64, Outcome().Split(", ").Length);
        _sender.HandleWritten(Answer(ZooKeeperCode.Ok), 1);
        Assert.Equal("64 a", Outcome());
    }

    private static void OneInFlight(LogSenderTests test)
    {
        test._sender.Send([.. "a"u8], 3);
        Assert.Equal("0 a", test.Outcome());
    }

    private static void TwoInFlight(LogSenderTests test)
    {
        OneInFlight(test);
        test._sender.Send([.. "b"u8], 4);
        Assert.Equal("1 b", test.Outcome());
    }

    private static void Uncertain(LogSenderTests test)
    {
        TwoInFlight(test);
        test._sender.HandleWritten(Answer(ZooKeeperCode.ConnectionLoss), 5);
        Assert.Equal("nothing", test.Outcome());
    }

    private static BackendAnswer Answer(ZooKeeperCode code) =>
        new(new BackendRequest(RequestPurpose.SenderWrites, BackendRequestKind.Write), code)
        {
            Results = new ZooKeeperResults([], code == ZooKeeperCode.NoNode ? 0 : -1),
        };

    /// <summary>The requests since, and the end.</summary>
    private string Outcome()
    {
        var parts = new List<string>();
        while (_desk.TryTake(out var request))
            parts.Add(Name(request));
        if (_desk.End is { } end)
            parts.Add(end.Reason.Replace("an entry could not be written:", "lost,", StringComparison.Ordinal));
        return parts.Count == 0 ? "nothing" : string.Join(", ", parts);
    }

    private static string Name(BackendRequest request)
    {
        if (request.Kind == BackendRequestKind.Sync)
            return "sync";
        if (request.Purpose == RequestPurpose.SessionAsksOwner)
            return "mark lost";
        if (request.Kind == BackendRequestKind.Get)
            return request.Path == "/r/queue_pos/0000000100000007" ? "get mark" : $"get {request.Path}";
        Assert.Equal("/r/queue_pos/0000000100000007", request.Writes[0].Path);
        var entry = LogEntry.TryDecode(request.Writes[^1].Data)!.Value;
        Assert.Equal(Self, entry.Peer);
        return string.Create(CultureInfo.InvariantCulture,
            $"{request.Writes[0].Version} {(char)entry.Message.Span[0]}");
    }
}
