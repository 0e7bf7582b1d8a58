using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Entries are removed that all have read, and no others, by one session or by two that take themselves for
/// the lowest.</summary>
public sealed class LogCollectorTests
{
    private const uint Entries = 700;
    private static readonly ZooKeeperPaths Paths = new("/r");

    private readonly MemoryZooKeeper _servers = new(1, Paths.Directories);

    public LogCollectorTests()
    {
        for (var i = 0; i < Entries; i++)
            Write(ZooKeeperWrite.Create(Paths.NewEntry, new byte[10], ZooKeeperMode.PersistentSequential));
        for (var i = 1u; i <= 3; i++)
            Write(ZooKeeperWrite.Create(Paths.Position(new(i, 7)), new SessionMark(600 + i, "00").Encode()));
        // For a joiner that is over, and for one that is not.
        Write(ZooKeeperWrite.Create(Paths.Handover(new(9, 7), new(1, 7), 1, 0), new byte[5]));
        Write(ZooKeeperWrite.Create(Paths.Handover(new(2, 7), new(1, 7), 1, 0), new byte[5]));
    }

    [Fact]
    public void Entries_that_all_have_read_are_removed_and_no_others()
    {
        Collect(new Collector(this, 1));
        AssertRemovedTo(601);
        Write(ZooKeeperWrite.Set(Paths.Position(new(1, 7)), new SessionMark(650, "00").Encode(), -1));
        Collect(new Collector(this, 1));
        AssertRemovedTo(602);
    }

    /// <summary>In every order in which the servers do what the two ask for.</summary>
    [Fact]
    public void Two_collectors_at_once_remove_the_same()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var test = new LogCollectorTests();
            var random = new Random(seed);
            Collector[] both = [new(test, 1), new(test, 2)];
            foreach (var one in both)
                one.Run();
            for (var first = true; both.Any(x => x.CanStep); first = random.Next(2) == 0)
            {
                both[first ? 0 : 1].Step();
                both[first ? 1 : 0].Step(random.Next(3));
            }

            // A batch of which one part was gone already stopped one of them; the next round goes on.
            Collect(both[0]);
            test.AssertRemovedTo(601);
        }
    }

    [Fact]
    public void When_a_mark_cannot_be_read_nothing_is_removed()
    {
        var collector = new Collector(this, 1) { FailsMarks = true };
        Collect(collector);
        AssertRemovedTo(0);
        collector.FailsMarks = false;
        Collect(collector);
        AssertRemovedTo(601);
    }

    private static void Collect(Collector collector)
    {
        collector.Run();
        while (collector.CanStep)
            collector.Step();
    }

    private void Write(ZooKeeperWrite write) =>
        Assert.Equal(ZooKeeperCode.Ok, _servers.Commit(0, [write]).Code);

    private void AssertRemovedTo(uint position)
    {
        var left = _servers.Latest.Children(Paths.Queue).Select(ZooKeeperPaths.NumberOf).ToList();
        Assert.Equal(Enumerable.Range((int)position, (int)(Entries - position)).Select(x => (uint?)x), left);
        Assert.Equal(position == 0 ? 2 : 1, _servers.Latest.Children(Paths.Handovers).Count);
    }

    /// <summary>A collector that has read everything, with the servers at hand.</summary>
    private sealed class Collector
    {
        private readonly LogCollectorTests _test;
        private readonly RequestDesk _desk;
        private readonly LogCollector _collector;

        public Collector(LogCollectorTests test, uint seat)
        {
            var setup = new SessionSetup(Paths, new PeerId(seat, 7), "00");
            (_test, _desk) = (test, new RequestDesk(setup) { IsConnected = true });
            _collector = new LogCollector(setup, _desk);
        }

        public bool FailsMarks { get; set; }

        public bool CanStep => _waiting is not null || Take();

        private BackendRequest? _waiting;

        public void Run() => _collector.Run();

        public void Step(int count = 1)
        {
            for (; count > 0 && CanStep; count--)
            {
                var request = _waiting!;
                _waiting = null;
                _collector.Handle(Answer(request), Entries);
            }
        }

        private bool Take() => _desk.TryTake(out _waiting);

        private BackendAnswer Answer(BackendRequest request)
        {
            if (FailsMarks && request.Peer == new PeerId(2, 7))
                return new(request, ZooKeeperCode.ConnectionLoss);
            if (request.Kind == BackendRequestKind.Write)
            {
                var (code, results) = _test._servers.Commit(0, request.Writes);
                return new(request, code) { Results = results };
            }

            return new(request, ZooKeeperCode.Ok)
            {
                Data = _test._servers.Latest.Find(request.Path)!.Data,
                Names = _test._servers.Latest.Children(request.Path),
            };
        }
    }
}
