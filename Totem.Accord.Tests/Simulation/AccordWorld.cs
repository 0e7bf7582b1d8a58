using Totem.Accord.Components;
using Totem.Accord.Replication;
using Totem.Accord.Wire;
using Totem.Core.Time;
using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;

namespace Totem.Accord.Tests.Simulation;

/// <summary>
/// Conductors with clients on a simulated ring, under faults that the seed draws: cuts, deaths, pauses, transfers that
/// break off. Then the faults end, and everything must come together again.
/// </summary>
internal sealed class AccordWorld
{
    private readonly SimulationRandom _random;
    private readonly Dictionary<(ulong, ComponentId), (ulong Digest, SimulatedConductor By)> _states = [];
    private readonly Dictionary<ComponentId, HashSet<ProcessorId>> _served = [];
    private readonly List<SimulatedClient> _clients = [];
    private readonly Dictionary<ProcessorId, SimulatedConductor> _conductors = [];

    public AccordWorld(ulong seed)
    {
        _random = new SimulationRandom(seed);
        var count = (int)_random.Between(2, 5);
        // More than half of all, as is asked of an operator: fewer could begin a second store.
        Voters = (int)_random.Between(count / 2 + 1, count);
        var setup = new ClusterSetup
        {
            Processors = ClusterSetup.Numbered(count),
            Seed = seed,
            HasGroups = true,
            UnreachableRate = 0.5,
            Jitter = TimeSpan.FromMicroseconds(_random.Between(10, 2000)),
        };
        Cluster = new SimulatedCluster(setup)
        {
            Guests = seat => _conductors[seat.Node] = new SimulatedConductor(this, seat),
        };
    }

    public SimulatedCluster Cluster { get; }

    public int Voters { get; }

    public IReadOnlyList<SimulatedClient> Clients => _clients;

    /// <summary>Primary components in which somebody began to serve.</summary>
    public int ComponentCount => _served.Count;

    /// <summary>States that were fetched whole.</summary>
    public int TransferCount { get; private set; }

    private IEnumerable<SimulatedConductor> Living => _conductors.Values.Where(x => x.IsAlive);

    /// <summary>Runs it, and checks everything.</summary>
    public void Run()
    {
        foreach (var node in Cluster.Setup.Processors)
            Do(new StartNode(node));
        Pass(1500);
        for (var i = _random.Below(60) + 20; i > 0; i--)
        {
            DrawAction();
            Pass(_random.Chance(0.5) ? _random.Below(5) : _random.Below(200));
        }

        Recover();
        Check();
    }

    /// <summary>A conductor may have another state. Where two have executed as much, theirs are equal.</summary>
    public void HandleState(SimulatedConductor conductor)
    {
        var state = conductor.Machine.State;
        if (state.Component.IsNone)
            return;
        var digest = state.Digest();
        if (_states.TryAdd((state.Position, state.Component), (digest, conductor)))
            return;
        var (other, by) = _states[(state.Position, state.Component)];
        Assert.True(other == digest, $"{conductor.Node} and {by.Node} differ at {state.Position} of {state.Component}");
    }

    /// <summary>A conductor is in another phase.</summary>
    public void HandlePhase(SimulatedConductor conductor)
    {
        if (conductor.Machine.Phase is not PrimaryPhase primary || !conductor.Machine.IsServing)
            return;
        if (!_served.TryGetValue(primary.Component, out var nodes))
            _served.Add(primary.Component, nodes = []);
        nodes.Add(conductor.Node);
        Assert.Single(_served.Keys, x => x.Number == primary.Component.Number);
    }

    /// <summary>Moves a state, some blocks at a time; the way may break.</summary>
    public void Fetch(
        SimulatedConductor conductor, ComponentId component, IReadOnlyList<string> donors, int attempt)
    {
        Later(_random.Between(1, 20), () =>
        {
            if (!conductor.IsAlive || conductor.Machine.TransferWanted?.Component != component)
                return;
            var donor = Living.FirstOrDefault(x => x.Node.ToString() == donors[attempt % donors.Count]);
            var blocks = donor?.Machine.Offer(component)?.Blocks().Select(x => x.ToArray()).ToList();
            var whole = blocks is not null && _random.Chance(0.8);
            foreach (var block in blocks ?? [])
            {
                if (!whole && _random.Chance(0.5))
                    break;
                var half = _random.Below(block.Length);
                Assert.True(conductor.Machine.HandleTransferred(block.AsSpan(0, half), Cluster.Now));
                Assert.True(conductor.Machine.HandleTransferred(block.AsSpan(half), Cluster.Now));
            }

            if (conductor.Machine.TransferWanted?.Component == component)
            {
                conductor.Machine.HandleTransferLost();
                Fetch(conductor, component, donors, attempt + 1);
            }
            else
            {
                TransferCount++;
            }

            conductor.GiveOut();
            Cluster[conductor.Node].WakeGuest();
        });
    }

    private void DrawAction()
    {
        var conductor = Living.Any() ? Living.ElementAt(_random.Below(Living.Count())) : null;
        var client = _clients.Where(x => !x.IsClosed).ToList() is { Count: > 0 } open
            ? open[_random.Below(open.Count)] : null;
        var dice = _random.Below(100);
        if (dice < 20 && conductor is not null && _clients.Count < 40)
            _clients.Add(conductor.Connect(_clients.Count + 1));
        else if (dice < 60 && client is not null)
            Burst(client);
        else if (dice < 64)
            client?.Close();
        else if (dice < 74)
            Do(new PartitionNetwork(DrawPieces()));
        else if (dice < 84)
            Do(new HealNetwork());
        else if (dice < 92)
            CrashOne(conductor);
        else
            StartAll();
        foreach (var node in Cluster.Nodes)
            node.WakeGuest();
    }

    private void Burst(SimulatedClient client)
    {
        for (var i = _random.Below(20); i >= 0 && !client.IsClosed; i--)
        {
            var dice = _random.Below(10);
            if (dice < 6)
                client.Append();
            else if (dice < 9)
                client.Read();
            else
                client.Watch();
        }
    }

    private List<ProcessorSet> DrawPieces()
    {
        var pieces = new List<ProcessorId>[] { [], [], [] };
        foreach (var node in Cluster.Setup.Processors)
            pieces[_random.Below(_random.Chance(0.7) ? 2 : 3)].Add(node);
        return [.. pieces.Where(x => x.Count > 0).Select(x => ProcessorSet.Of([.. x]))];
    }

    // State in memory is gone when most of the voters are: so they do not all die, and not before others vote. Nor are
    // there ever enough without a state to begin a store.
    private void CrashOne(SimulatedConductor? conductor)
    {
        var latest = Living.Where(x => x.Machine.IsServing).MaxBy(x => x.Machine.State.Component);
        if (conductor is null || latest is null || latest.Machine.Phase is not PrimaryPhase { Behind.Count: 0 })
            return;
        var left = Living.Where(x => x != conductor && x.Machine.IsServing
            && x.Machine.State.Component == latest.Machine.State.Component).ToList();
        if (left.Count > Cluster.Nodes.Count - Voters
            && left.TrueForAll(x => IsMajorityOf(left, x.Machine.State.Voters)))
            Do(new CrashNode(conductor.Node));
    }

    // By the voters that each of them knows: a change that is under way may be lost with whoever has executed it.
    private static bool IsMajorityOf(List<SimulatedConductor> conductors, IReadOnlyList<ConductorId> voters) =>
        2 * voters.Count(x => conductors.Exists(y => y.Self == x)) > voters.Count;

    private void StartAll()
    {
        foreach (var node in Cluster.Nodes.Where(x => x.Engine is null))
            Do(new StartNode(node.Id));
    }

    private void Recover()
    {
        Do(new HealNetwork());
        StartAll();
        for (var i = 0; i < 200 && !(Living.Count() == Cluster.Nodes.Count
            && Living.All(x => x.Machine.IsServing && ((PrimaryPhase)x.Machine.Phase).Behind.Count == 0)
            && Living.Select(x => x.Machine.State.Component).Distinct().Count() == 1); i++)
            Pass(100);
        Assert.All(Living, x => Assert.True(
            x.Machine.IsServing, $"{x.Node} does not serve: {x.Machine.Phase.GetType().Name}"));
        Assert.Equal(Cluster.Nodes.Count, Living.Count());
        foreach (var client in _clients.Where(x => !x.IsClosed))
            client.Append();
        foreach (var node in Cluster.Nodes)
            node.WakeGuest();
        Pass(2000);
    }

    private void Check()
    {
        Assert.Empty(Cluster.Anomalies);
        var state = Living.First().Machine.State;
        Assert.All(Living, x => Assert.Equal(state.Digest(), x.Machine.State.Digest()));
        Assert.Equal(
            _clients.Where(x => !x.IsClosed).Select(x => x.Seat.Id!.Value).Order(), state.Clients.Order());
        var value = state.Store.TryGet(TestRequest.Path(SimulatedClient.Path), out var stored) ? stored.ToArray() : [];
        ulong[] order = [.. value.Chunk(8).Select(x => BitConverter.ToUInt64(x))];
        var place = order.Select((x, i) => (x, i)).ToDictionary(x => x.x, x => x.i); // throws for one that came twice
        CheckAppends(place);
        foreach (var client in _clients)
        {
            // Each client's in its order; everything it saw, at its place.
            var own = client.Appends.Where(x => place.ContainsKey(x.Value)).Select(x => place[x.Value]).ToList();
            Assert.Equal(own.Order(), own);
            foreach (var (read, ownBefore) in client.Reads)
            {
                Assert.True(value.AsSpan().StartsWith(read), "a read is a beginning of what there is in the end");
                Assert.True(ownBefore == ulong.MaxValue || place[ownBefore] < read.Length / 8, "own writes are read");
            }

            if (client.Events.Count > 0)
                Assert.Equal(
                    order.Skip(place[client.Events[0]]).Take(client.Events.Count), client.Events);
        }
    }

    private void CheckAppends(Dictionary<ulong, int> place)
    {
        var all = _clients.SelectMany(x => x.Appends).ToList();
        Assert.All(all.Where(x => x.Result == ResultCode.Success), x => Assert.True(
            place.ContainsKey(x.Value), $"{x.Value:x} was answered and is lost"));
        Assert.All(all.Where(x => x.Result == ResultCode.Again), x => Assert.False(
            place.ContainsKey(x.Value), $"{x.Value:x} was refused and is there"));
        Assert.All(_clients.Where(x => !x.IsClosed).SelectMany(x => x.Appends), x => Assert.NotNull(x.Result));
        // One that was answered before another was asked for comes before it.
        var latestCall = long.MinValue;
        var inOrder = all.Where(x => place.ContainsKey(x.Value)).OrderBy(x => place[x.Value]);
        foreach (var append in inOrder)
        {
            Assert.True(append.AnsweredAt >= latestCall, $"{append.Value:x} stands behind one that came later");
            latestCall = Math.Max(latestCall, append.CalledAt);
        }
    }

    private void Pass(long milliseconds)
    {
        var until = Cluster.Now + TimeSpan.FromMilliseconds(milliseconds);
        Cluster.RunUntil(until);
        foreach (var conductor in Living.ToArray())
        {
            conductor.HandleDeadline();
            Cluster[conductor.Node].WakeGuest();
        }

        Assert.Empty(Cluster.Anomalies);
    }

    private void Do(FaultAction action) => Cluster.Apply(action);

    private void Later(long milliseconds, Action action) =>
        Cluster.Schedule(Cluster.Now + TimeSpan.FromMilliseconds(milliseconds), new Deed(action));

    private sealed record Deed(Action Action) : FaultAction
    {
        public override IEnumerable<ProcessorId> Nodes => [];

        protected override string Text => "deed";

        public override void Apply(SimulatedCluster cluster) => Action();
    }
}
