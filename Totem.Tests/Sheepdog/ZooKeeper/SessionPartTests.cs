using System.Reflection;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;
using Totem.Sheepdog.Sessions;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>The parts of a session one by one, each in a situation that the simulation seldom or never
/// makes.</summary>
public sealed class SessionPartTests
{
    private static readonly PeerId Self = new(2, 7);
    private static readonly PeerId Other = new(1, 7);
    private static readonly SessionSetup Setup = new(new ZooKeeperPaths("/r"), Self, "00");

    private readonly RequestDesk _desk = new(Setup) { IsConnected = true };

    /// <summary>The answer to its last look took 5 ms, so it rests for 40, or a millisecond for each session.</summary>
    [Fact]
    public void A_reader_rests_and_then_reads_a_batch()
    {
        var reader = new LogReader(Setup, _desk);
        reader.Start(10);
        reader.HandleMeasure(Answer(RequestPurpose.ReaderMeasures, created: 10));
        reader.Pump(now: 1000);
        Assert.Equal(["ReaderMeasures /r/queue", "ReaderLooks /r/queue/0000000010"], Asked());
        reader.HandleLook(Answer(RequestPurpose.ReaderLooks, ZooKeeperCode.NoNode), 1005);
        // Nobody has woken it yet, so this one is read at once.
        reader.HandleCreated("/r/queue/0000000010", company: 30, 1010);
        reader.Pump(1010);
        Assert.Equal(["ReaderReads /r/queue/0000000010", "ReaderLooks /r/queue/0000000011"], Asked());
        reader.HandleLook(Answer(RequestPurpose.ReaderLooks, ZooKeeperCode.NoNode), 1015);
        reader.HandleCreated("/r/queue/0000000011", company: 30, 1020);
        reader.Pump(1020);
        Assert.Empty(Asked());
        Assert.Equal(1050, _desk.Deadlines.Next);

        reader.HandleRested(1050);
        Assert.Equal(["ReaderMeasures /r/queue"], Asked());
        reader.HandleMeasure(Answer(RequestPurpose.ReaderMeasures, created: 14));
        reader.Pump(1051);
        Assert.Equal(
            ["ReaderReads /r/queue/0000000011", "ReaderReads /r/queue/0000000012", "ReaderReads /r/queue/0000000013",
                "ReaderLooks /r/queue/0000000014"],
            Asked());
    }

    [Fact]
    public void A_reader_that_must_not_rest_reads_at_once()
    {
        var reader = new LogReader(Setup, _desk);
        reader.Start(10);
        reader.HandleMeasure(Answer(RequestPurpose.ReaderMeasures, created: 10));
        for (var number = 10; number < 13; number++)
        {
            reader.Pump(1000);
            reader.HandleLook(Answer(RequestPurpose.ReaderLooks, ZooKeeperCode.NoNode), 1005);
            Asked();
            reader.HandleCreated($"/r/queue/00000000{number}", company: 0, 1005);
            reader.Pump(1005);
            Assert.Equal($"ReaderReads /r/queue/00000000{number}", Asked()[0]);
        }
    }

    /// <summary>A session that slept while entries came and went has no watch that will ever fire.</summary>
    [Fact]
    public void A_watch_that_has_missed_its_entry_ends_the_session_at_the_second_look()
    {
        var reader = new LogReader(Setup, _desk);
        reader.Start(10);
        reader.HandleMeasure(Answer(RequestPurpose.ReaderMeasures, created: 10));
        reader.Pump(0);
        reader.HandleLook(Answer(RequestPurpose.ReaderLooks, ZooKeeperCode.NoNode), 0);
        Asked();
        reader.Check();
        Assert.Equal(["ReaderChecks /r/queue"], Asked());
        reader.HandleCheck(Answer(RequestPurpose.ReaderChecks, created: 11));
        Assert.Null(_desk.End);
        reader.HandleCheck(Answer(RequestPurpose.ReaderChecks, created: 12));
        Assert.Equal("entries were removed before this session had read them", _desk.End!.Reason);
    }

    /// <summary>Not even the entries that were fetched before.</summary>
    [Fact]
    public void A_reader_hands_out_nothing_when_the_mark_is_lost()
    {
        var reader = new LogReader(Setup, _desk);
        reader.Start(10);
        reader.HandleEntry(Answer(RequestPurpose.ReaderReads, entry: 10));
        reader.HandleEntry(Answer(RequestPurpose.ReaderReads, entry: 11));
        Assert.True(reader.TryTake(out _));
        _desk.LoseMark();
        reader.IsHeld = false;
        Assert.False(reader.TryTake(out _));
    }

    /// <summary>With three sessions, each of whom sees the others: whoever is over, somebody looks at it.</summary>
    [Theory]
    [InlineData(0), InlineData(1), InlineData(2)]
    public void No_session_is_unwatched(int watched)
    {
        PeerId[] all = [new(1, 7), new(2, 7), new(3, 7)];
        var watchers = all.Where(x => x != all[watched]).Where(x =>
        {
            var setup = Setup with { Self = x };
            var ring = new SessionRing(setup, new RequestDesk(setup) { IsConnected = true });
            ring.Start(all);
            return ring.Target == all[watched];
        });
        Assert.Single(watchers);
    }

    [Fact]
    public void A_session_whose_member_znode_is_anothers_is_declared_gone_and_the_next_one_watched()
    {
        var ring = new SessionRing(Setup, _desk);
        ring.Start([Other, new(3, 7)]);
        Assert.Equal(["RingAsksMark /r/queue_pos/0000000100000007"], Asked());
        // A server that is busy refuses the first time.
        ring.HandleMark(Answer(RequestPurpose.RingAsksMark, ZooKeeperCode.Throttled), now: 5);
        Assert.Equal(105, _desk.Deadlines.Next);
        ring.Resume();
        Assert.Equal(["RingAsksMark /r/queue_pos/0000000100000007"], Asked());
        ring.HandleMark(Answer(RequestPurpose.RingAsksMark) with { Data = new SessionMark(3, "01").Encode() }, 5);
        Assert.Equal(["RingAsksMember /r/member/01"], Asked());
        ring.HandleMember(Answer(RequestPurpose.RingAsksMember) with { Stat = new() { EphemeralOwner = 99 } }, 6);
        Assert.Equal(
            ["RingDeclares Delete /r/queue_pos/0000000100000007, Create /r/queue/",
                "RingAsksMark /r/queue_pos/0000000300000007"],
            Asked());
        // It is not known whether that was done.
        ring.HandleDeclared(Answer(RequestPurpose.RingDeclares, ZooKeeperCode.OperationTimeout));
        Assert.Null(_desk.End);
        Assert.Equal(["RingAsksMark /r/queue_pos/0000000100000007"], Asked());
    }

    [Fact]
    public void A_part_of_a_state_that_could_not_be_removed_is_removed_later()
    {
        var fetch = new HandoverFetch(Setup, _desk);
        fetch.Begin(new LogEntry(LogEntryKind.Handed, Other, new byte[] { 1 }) { Number = 5, ChunkCount = 1 });
        fetch.Ask();
        const string Path = "/r/handover/0000000200000007-0000000100000007-5-0";
        Assert.Equal([$"HandoverReads {Path}"], Asked());
        fetch.Handle(Answer(RequestPurpose.HandoverReads, path: Path) with { Data = [2, 3] }, now: 10);
        Assert.Equal([$"HandoverRemoves Delete {Path}"], Asked());
        Assert.True(fetch.TryTake(out _, out var message));
        Assert.Equal([1, 2, 3], message);
        var request = BackendRequest.Write(RequestPurpose.HandoverRemoves, ZooKeeperWrite.Delete(Path));
        fetch.HandleRemoved(new BackendAnswer(request, ZooKeeperCode.ConnectionLoss), 20);
        Assert.Equal(120, _desk.Deadlines.Next);
        fetch.HandleDeadline();
        Assert.Equal([$"HandoverRemoves Delete {Path}"], Asked());
        fetch.HandleDeadline();
        Assert.Empty(Asked());
    }

    /// <summary>The node was killed and started anew while its old session lives on, whose mark the others have taken
    /// away. The first session of the new process is lost before it is in the log: the next one is not replaced by
    /// the old one, which is over.</summary>
    [Theory]
    [InlineData(false, "Arrives Create /r/queue_pos/0000000200000007, Create /r/queue/, Delete "
        + "/r/queue_pos/0000000100000007, Create /r/queue/, Delete /r/member/00, Create /r/member/00")]
    [InlineData(true, "replaced")]
    public void A_process_that_was_never_in_the_log_takes_the_place_of_another(bool hasArrivedBefore, string outcome)
    {
        var arrival = new Arrival(
            Setup with { EarlierSessions = new HashSet<long> { 14 }, HasArrivedBefore = hasArrivedBefore }, _desk);
        arrival.Add([1]);
        arrival.Handle(Answer(RequestPurpose.Arrives, created: 10), 0);
        arrival.Handle(Answer(RequestPurpose.Arrives, ZooKeeperCode.NodeExists), 0);
        Assert.Equal(3, Asked().Count);
        var owner = new ZooKeeperStat { EphemeralOwner = ZooKeeperPaths.SessionOf(Other) };
        arrival.Handle(Answer(RequestPurpose.Arrives) with { Stat = owner }, 0);
        Assert.Equal([outcome], _desk.End is { IsReplaced: true } ? ["replaced"] : Asked());
    }

    /// <summary>Messages that wait until the session is in the log tell where it is, not that it has read
    /// nothing.</summary>
    [Fact]
    public void A_message_from_before_the_arrival_tells_the_position_of_the_arrival()
    {
        var session = new ZooKeeperSession(ClusterSession.OverLog(Self), Setup);
        session.HandleConnection(ZooKeeperState.Connected, 0);
        session.Send([1]);
        session.Send([2]);
        AnswerNext(x => x with { Stat = Created(200_000) });
        AnswerNext(x => x with { Results = new(["", "/r/queue/0000200000", ""], -1) });
        AnswerNext(x => x with { Names = [] });
        Assert.True(session.TryTakeRequest(out var write));
        Assert.Equal(RequestPurpose.SenderWrites, write.Purpose);
        Assert.Equal(200_000u, SessionMark.Decode(write.Writes[0].Data.Span).Position);

        void AnswerNext(Func<BackendAnswer, BackendAnswer> answer)
        {
            Assert.True(session.TryTakeRequest(out var request));
            session.HandleAnswer(answer(new BackendAnswer(request, ZooKeeperCode.Ok)), 0);
        }
    }

    /// <summary>A class of many fields is a class of many things.</summary>
    [Fact]
    public void No_class_of_the_driver_has_more_than_twelve_fields()
    {
        const BindingFlags own =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var types = typeof(ZooKeeperSession).Assembly.GetTypes()
            .Where(x => x.Namespace == typeof(ZooKeeperSession).Namespace && x.IsClass).ToList();
        Assert.Contains(typeof(LogCollector), types);
        Assert.All(types, x => Assert.InRange(x.GetFields(own).Length, 0, 12));
    }

    private static ZooKeeperStat Created(int count) => new() { ChildrenVersion = 2 * count };

    private static BackendAnswer Answer(
        RequestPurpose purpose, ZooKeeperCode code = ZooKeeperCode.Ok, int created = 0, uint entry = 0,
        string path = "") =>
        new(new BackendRequest(purpose, BackendRequestKind.Get, path) { Entry = entry, Peer = Other }, code)
        {
            Stat = Created(created),
        };

    private List<string> Asked()
    {
        var lines = new List<string>();
        while (_desk.TryTake(out var request))
        {
            var writes = string.Join(", ", request.Writes.Select(x => $"{x.Kind} {x.Path}"));
            lines.Add($"{request.Purpose} {request.Path}{writes}");
        }

        return lines;
    }
}
