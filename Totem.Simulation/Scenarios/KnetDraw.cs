using Totem.Core.Model;
using Totem.Simulation.Cluster;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Links;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// Draws a scenario in which the ring stands on kronosnet. Of one kind, the network and the processes have the faults
/// of every other scenario, and links faults of their own. Of the other kind, one link between every two members has no
/// fault and everybody lives, so nobody may change its view.
/// </summary>
internal sealed class KnetDraw
{
    private const ulong Salt = 0x6B6E_6574;
    private const int FaultsMax = 24;
    private const int IpBytesMax = 9000;

    private static readonly CipherSuite[] Sealed =
    [
        new(KnetCipher.Aes256, KnetHash.Sha256), new(KnetCipher.Aes256, KnetHash.Sha256),
        new(KnetCipher.Aes128, KnetHash.Sha1),
        new(KnetCipher.Aes192, KnetHash.Sha512), new(KnetCipher.Aes256, KnetHash.Sha384),
        new(KnetCipher.None, KnetHash.Sha1),
        new(KnetCipher.None, KnetHash.Sha256),
    ];

    private readonly SimulationRandom _random;
    private readonly ClusterSetup _setup;
    private readonly KnetClusterSetup _knet;
    private readonly List<TimedAction> _actions = [];
    private readonly int[] _goodLinks;
    private readonly TimeSpan _start;
    private readonly TimeSpan _end;

    private KnetDraw(SimulationRandom random, ClusterSetup setup, TimeSpan end)
    {
        (_random, _setup, _knet, _end) = (random, setup, setup.Knet!, end);
        _start = _knet.SteadyFrom ?? TimeSpan.Zero;
        var isSame = random.Chance(0.6);
        var good = random.Below(_knet.Links);
        _goodLinks = [.. Enumerable.Range(0, setup.Processors.Count * setup.Processors.Count)
            .Select(_ => isSame ? good : random.Below(_knet.Links))];
    }

    /// <summary>The scenario of a seed.</summary>
    public static FaultScript Draw(ulong seed, int? processors, RingKind? ring)
    {
        var random = new SimulationRandom(seed ^ Salt);
        var isSteady = random.Chance(0.4);
        var setup = DrawSetup(random, processors, isSteady);
        FaultScript script;
        if (isSteady)
        {
            var end = setup.Knet!.SteadyFrom!.Value + TimeSpan.FromMilliseconds(random.Between(3000, 20_000));
            script = new FaultScript(setup, [], new ScriptEnd(end, ProcessorSet.Empty, []));
        }
        else
        {
            script = new ScriptDraw(random, setup).Draw();
            script = StoredDraw.Apply(seed, script.With(end: script.End with { KeepCuts = [] }));
            script = ReaderDraw.Apply(seed, script);
        }

        var draw = new KnetDraw(random, setup, script.End.At);
        draw.DrawLinks();
        if (isSteady)
            draw.DrawWorkload();
        TimedAction[] actions = [.. script.Actions.Concat(draw._actions).Where(x => x.At < script.End.At)
            .OrderBy(x => x.At)];
        return AcceleratedDraw.Apply(
            seed, GrowthDraw.Apply(seed, ParkDraw.Apply(seed, script.With(actions: actions))), ring);
    }

    private bool IsSteady => _knet.SteadyFrom is not null;

    private static ClusterSetup DrawSetup(SimulationRandom random, int? processors, bool isSteady)
    {
        var count = processors ?? random.Pick([2, 3, 3, 3, 4, 4, 5, 6]);
        ProcessorId[] ids = random.Chance(0.1)
            ? [.. ClusterSetup.Numbered(count)
                .Select((x, i) => new ProcessorId((uint)(ushort.MaxValue - 257 * (count - 1 - i))))]
            : [.. ClusterSetup.Numbered(count)];
        // Kronosnet's tick is 200 ms whatever the ring's timeouts are, so these are those of real rings.
        var token = TimeSpan.FromMilliseconds(random.Pick([1000, 1000, 1000, 1650, 3000]));
        return new ClusterSetup
        {
            Seed = random.Next(),
            Processors = ids,
            Latency = TimeSpan.FromMicroseconds(random.Between(100, 1500)),
            Jitter = TimeSpan.FromMicroseconds(random.Chance(0.3) ? 0 : random.Between(0, 3000)),
            StoreLatency = random.Chance(0.3) ? TimeSpan.FromMicroseconds(random.Between(10, 2000)) : TimeSpan.Zero,
            UnreachableRate = random.Chance(0.3) ? 0 : ScenarioGenerator.Percent(random, 1, 100),
            Options = DrawOptions(random, token, ids),
            Knet = DrawKnet(random, ids, isSteady ? 6 * token : null),
        };
    }

    private static RingOptions DrawOptions(SimulationRandom random, TimeSpan token, ProcessorId[] ids)
    {
        var options = ScenarioGenerator.DrawOptions(random, TimeSpan.Zero, ids);
        return options with
        {
            TokenTimeout = token,
            TokenRetransmit = 0.238 * token,
            TokenHold = 0.18 * token,
            JoinInterval = TimeSpan.FromMilliseconds(50),
            AloneTimeout = TimeSpan.FromMilliseconds(150),
            ConsensusTimeout = 1.2 * token,
            MergeDetectInterval = TimeSpan.FromMilliseconds(200),
            FailToReceiveTimeout = 4 * token,
            Allowed = ProcessorSet.Of(ids),
            NetMtu = random.Pick([576, 1500, 1500, 9000, 65_000, (int)random.Between(576, 20_000)]),
        };
    }

    private static KnetClusterSetup DrawKnet(SimulationRandom random, ProcessorId[] ids, TimeSpan? steadyFrom)
    {
        var links = steadyFrom is null ? (int)random.Between(1, 3) : (int)random.Between(2, 3);
        var format = random.Pick(
            [SpokenFormat.Libknet, SpokenFormat.Libknet, SpokenFormat.Both, SpokenFormat.Both, SpokenFormat.Aead]);
        var isClear = format == SpokenFormat.Libknet && random.Chance(0.3);
        var some = ProcessorSet.Of([.. ids.Where(_ => random.Chance(0.4))]);
        var roll = format == SpokenFormat.Both ? random.Below(3) : 0;
        return new KnetClusterSetup
        {
            Links = links,
            Mode = random.Pick([LinkMode.Passive, LinkMode.Passive, LinkMode.Active, LinkMode.RoundRobin]),
            Preferred = random.Below(links),
            Suite = isClear ? CipherSuite.Clear : random.Pick<CipherSuite>(Sealed),
            Format = format,
            Libknet = roll == 1 ? some : ProcessorSet.Empty,
            AeadOnly = roll == 2 ? some : ProcessorSet.Empty,
            LastSeq = random.Pick<ushort>([0, 0, 8100, 40_900, 65_300, 65_500]),
            FixedIpBytes = random.Chance(0.1) ? 1400 : 0,
            Compresses = random.Chance(0.15),
            IsIPv6 = random.Chance(0.2),
            SteadyFrom = steadyFrom,
        };
    }

    private void DrawLinks()
    {
        Action[] all =
        [
            DrawCut, DrawCut, DrawOneWay, DrawFlap, DrawFlap, DrawDisturbance, DrawDisturbance, DrawDelay, DrawNarrow,
            DrawNarrow, DrawUse, DrawRekey,
            DrawRekey, DrawAttack, DrawAttack, DrawAttack,
        ];
        var chosen = _random.Chance(0.3) ? all : [.. all.Where(_ => _random.Chance(0.3))];
        for (var i = chosen.Length == 0 ? 0 : _random.Between(1, FaultsMax); i > 0; i--)
            chosen[_random.Below(chosen.Length)]();
    }

    private void DrawWorkload()
    {
        for (var i = _random.Between(1, 20); i > 0; i--)
        {
            var (low, high, count) = _random.Below(10) switch
            {
                < 6 => (0, (int)_random.Between(16, 400), (int)_random.Between(1, 30)),
                < 9 => (100, 3000, (int)_random.Between(1, 12)),
                _ => (0, 60_000, (int)_random.Between(1, 4)),
            };
            Add(Moment(), new SubmitMessages(Node(), count, low, high, (SubmitGuarantee)_random.Below(3)));
        }
    }

    private void DrawCut() =>
        AddCut(Path() is var (from, to, link) ? new CutPath(from, to, link, BothWays: true, Mend: false) : null);

    private void DrawOneWay() =>
        AddCut(Path() is var (from, to, link) ? new CutPath(from, to, link, BothWays: false, Mend: false) : null);

    private void AddCut(CutPath? cut)
    {
        if (cut is null)
            return;
        var at = Moment();
        Add(at, cut);
        if (_random.Chance(0.7))
            Add(at + Span(100, 8000), cut with { Mend = true });
    }

    private void DrawFlap()
    {
        if (Path() is not var (from, to, link))
            return;
        var at = Moment();
        var (down, up) = (_random.Between(50, 3000), _random.Between(50, 3000));
        var cut = new CutPath(from, to, link, _random.Chance(0.8), Mend: false);
        for (var i = _random.Between(2, 12); i > 0 && at < _end; i--)
        {
            Add(at, cut);
            at += Span(down / 2, down);
            Add(at, cut with { Mend = true });
            at += Span(up / 2, up);
        }
    }

    private void DrawDisturbance()
    {
        if (Path() is not var (from, to, link))
            return;
        var at = Moment();
        Add(at, new DisturbPath(from, to, link, Maybe(60), Maybe(30), Maybe(20)));
        if (_random.Chance(0.6))
            Add(at + Span(100, 8000), new DisturbPath(from, to, link, 0, 0, 0));
    }

    private void DrawDelay()
    {
        if (Path() is not var (from, to, link))
            return;
        var at = Moment();
        Add(at, new DelayPath(from, to, link, Span(0, 40), Span(0, 40)));
        if (_random.Chance(0.6))
            Add(at + Span(100, 8000), new DelayPath(from, to, link, TimeSpan.Zero, TimeSpan.Zero));
    }

    private void DrawNarrow()
    {
        if (Path() is not var (from, to, link))
            return;
        var at = Moment();
        var isSilent = _random.Chance(0.5);
        // IPv6 may count on 1,280, and IPv4 has no less in practice.
        Add(at, new NarrowPath(from, to, link,
            (int)_random.Between(1280, _random.Chance(0.7) ? KnetClusterSetup.IpBytes : IpBytesMax), isSilent));
        if (_random.Chance(0.5))
            Add(at + Span(100, 8000), new NarrowPath(from, to, link, KnetClusterSetup.IpBytes, isSilent));
    }

    private void DrawUse()
    {
        if (_knet.Links == 1 || (IsSteady && _goodLinks.Distinct().Count() > 1))
            return;
        var at = Moment();
        int[] links = [.. Enumerable.Range(0, _knet.Links)
            .Where(x => IsSteady ? x == _goodLinks[0] || _random.Chance(0.3) : _random.Chance(0.6))];
        int[] every = [.. Enumerable.Range(0, _knet.Links)];
        if (links.Length == 0)
            return;
        var back = at + Span(500, 6000);
        foreach (var node in _setup.Processors)
        {
            if (_random.Chance(0.9))
                Add(at + Span(0, 50), new UseLinks(node, links));
            Add(back + Span(0, 50), new UseLinks(node, every));
        }
    }

    private void DrawRekey()
    {
        if (_knet.IsAuthentic)
            Add(Moment(), new ChangeKeys(
                Node(), _random.Chance(0.6) || _knet.IsAeadAlone ? _knet.Suite : _random.Pick<CipherSuite>(Sealed)));
    }

    private void DrawAttack()
    {
        if (!_knet.IsAuthentic)
            return;
        var what = (Attack)_random.Below(Enum.GetValues<Attack>().Length);
        // Libknet's format takes old packets for new ones, and frames of rings that are over call for a new ring.
        if (IsSteady && !_knet.IsAeadAlone && what == Attack.Old)
            what = Attack.Recent;
        Add(Moment(), new AttackMember(Node(), Node(), what, (int)_random.Between(1, 40)));
    }

    /// <summary>A direction of a link that may have a fault; null when the dice show the one that may not.</summary>
    private (ProcessorId From, ProcessorId To, int Link)? Path()
    {
        var from = _random.Below(_setup.Processors.Count);
        var to = (from + 1 + _random.Below(_setup.Processors.Count - 1)) % _setup.Processors.Count;
        var link = _random.Below(_knet.Links);
        var good = _goodLinks[Math.Min(from, to) * _setup.Processors.Count + Math.Max(from, to)];
        return IsSteady && link == good ? null : (_setup.Processors[from], _setup.Processors[to], link);
    }

    private void Add(TimeSpan at, FaultAction action) => _actions.Add(new TimedAction(at, action));

    private double Maybe(int percentMax) => _random.Chance(0.5) ? 0 : ScenarioGenerator.Percent(_random, 1, percentMax);

    private TimeSpan Moment() => Span((long)_start.TotalMilliseconds, (long)_end.TotalMilliseconds);

    private TimeSpan Span(long lowMs, long highMs) =>
        TimeSpan.FromMicroseconds(_random.Between(lowMs * 1000, highMs * 1000));

    private ProcessorId Node() => _setup.Processors[_random.Below(_setup.Processors.Count)];
}
