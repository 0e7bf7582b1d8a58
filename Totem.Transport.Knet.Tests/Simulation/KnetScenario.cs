using Totem.Simulation.Model;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Links;

namespace Totem.Transport.Knet.Tests.Simulation;

/// <summary>
/// A scenario that a seed draws: machines, traffic, and faults that stop at the end, after which everybody must reach
/// everybody. While they last, what is handed up must be what was sent, at most once.
/// </summary>
internal sealed class KnetScenario : IDisposable
{
    private static readonly CipherSuite[] Suites =
    [
        CipherSuite.Clear, new(KnetCipher.None, KnetHash.Sha1), new(KnetCipher.Aes128, KnetHash.Sha1),
        new(KnetCipher.Aes256, KnetHash.Sha256), new(KnetCipher.Aes256, KnetHash.Sha256),
        new(KnetCipher.Aes192, KnetHash.Sha512), new(KnetCipher.Aes256, KnetHash.Sha384),
    ];

    /// <summary>Faults and copies are bounded by this: what is older may be forgotten, by the rules of libknet's
    /// format.</summary>
    private static readonly TimeSpan DelayMax = TimeSpan.FromMilliseconds(50);

    private readonly SimulationRandom _random;
    private readonly KnetCluster _cluster;
    private readonly bool _hasGoodLink;
    private readonly Dictionary<int, TimeSpan> _stopped = [];
    private RekeyStep? _rekey;

    public KnetScenario(ulong seed)
    {
        _random = new SimulationRandom(seed);
        Setup = DrawSetup(_random);
        _hasGoodLink = Setup.LinkCount > 1 && _random.Chance(0.4);
        _cluster = new KnetCluster(Setup, _random.Next());
    }

    /// <summary>A change of keys under way: which nodes have come how far.</summary>
    private sealed record RekeyStep(CipherSuite Suite, int Key, int[] Phases);

    public KnetSetup Setup { get; }

    public KnetCluster Cluster => _cluster;

    /// <summary>How often each kind of fault was drawn.</summary>
    public Dictionary<string, int> Faults { get; } = new(StringComparer.Ordinal);

    /// <exception cref="LedgerException">Something was handed up that should not have been.</exception>
    public void Run()
    {
        _cluster.StartAll();
        var steps = _random.Between(400, 1600);
        var faultChance = 0.02 + (0.06 * _random.Unit());
        for (var i = 0; i < steps; i++)
        {
            _cluster.RunFor(new TimeSpan(_random.Between(0, TimeSpan.FromMilliseconds(60).Ticks)));
            Revive();
            if (_random.Chance(faultChance))
                Disturb();
            Speak();
        }

        Settle();
    }

    public void Dispose() => _cluster.Dispose();

    private static KnetSetup DrawSetup(SimulationRandom random)
    {
        var format = random.Pick<NodeFormat>(
            [NodeFormat.Libknet, NodeFormat.Libknet, NodeFormat.Both, NodeFormat.Both, NodeFormat.Aead]);
        return new KnetSetup
        {
            NodeCount = (int)random.Between(2, 5),
            LinkCount = (int)random.Between(1, 3),
            Mode = random.Pick<LinkMode>([LinkMode.Passive, LinkMode.Active, LinkMode.RoundRobin]),
            Suite = random.Pick<CipherSuite>(Suites),
            Format = format,
            IsMixed = format == NodeFormat.Both && random.Chance(0.5),
            IsIPv6 = random.Chance(0.2),
            FixedIpBytes = random.Chance(0.1) ? 1400 : 0,
            Compresses = random.Chance(0.15),
            LastSeq = random.Pick<ushort>([0, 0, 8100, 40_900, 65_300]),
        };
    }

    private void Speak()
    {
        var from = 1 + _random.Below(Setup.NodeCount);
        var to = _random.Chance(0.5) ? 0 : 1 + _random.Below(Setup.NodeCount);
        var bytes = _random.Chance(0.03) ? _random.Between(16, 65_536) : _random.Between(16, 3000);
        if (to != from)
            _cluster.Send(from, to, (int)bytes);
    }

    private void Disturb()
    {
        var (from, to, link) = PickPath();
        var (path, back) = (_cluster.Path(from, to, link), _cluster.Path(to, from, link));
        switch (_random.Below(_hasGoodLink ? 9 : 11))
        {
            case 0:
                Note("cut one way");
                path.IsCut = true;
                break;
            case 1:
                Note("cut");
                path.IsCut = back.IsCut = true;
                break;
            case 2 or 3:
                Note("heal");
                path.Heal(1500);
                back.Heal(1500);
                break;
            case 4 or 5:
                DisturbPackets(path);
                break;
            case 6 or 7:
                Narrow(path);
                break;
            case 8:
                Attack();
                break;
            case 9:
                StopSomebody();
                break;
            default:
                Rekey();
                break;
        }
    }

    private void DisturbPackets(PathState path)
    {
        switch (_random.Below(4))
        {
            case 0:
                Note("loss");
                path.Loss = 0.5 * _random.Unit();
                break;
            case 1:
                Note("reorder");
                path.DelayMax = new TimeSpan(_random.Between(path.DelayMin.Ticks, DelayMax.Ticks));
                break;
            case 2:
                Note("duplicate");
                path.Duplicates = 0.3 * _random.Unit();
                break;
            case 3 when Setup.IsAuthentic:
                Note("corrupt");
                path.Corruption = 0.1 * _random.Unit();
                break;
        }
    }

    private void Narrow(PathState path)
    {
        var isSilent = _random.Chance(0.5);
        Note(isSilent ? "black hole" : "interface");
        path.IpBytes = (int)_random.Between(1300, 9000);
        path.InterfaceIpBytes = isSilent ? 9000 : path.IpBytes;
    }

    private (int From, int To, int Link) PickPath()
    {
        var paths = _cluster.AllPaths().Where(x => !_hasGoodLink || x.Link != 0).ToArray();
        return paths[_random.Below(paths.Length)];
    }

    private void Note(string name) => Faults[name] = Faults.GetValueOrDefault(name) + 1;

    /// <summary>
    /// Packets that nobody with a key has made, and copies: of packets of late, or in the format of our own of any
    /// packet that was ever sent. In clear an attacker may say anything, so there is none.
    /// </summary>
    private void Attack()
    {
        if (!Setup.IsAuthentic || _cluster.Recorded.Count == 0)
            return;
        Note("attack");
        var all = _cluster.Recorded.ToArray();
        var first = Setup.Format == NodeFormat.Aead ? 0 : Array.FindIndex(all, x => _cluster.Now - x.At <= DelayMax);
        for (var i = 0; i < 50 && first >= 0; i++)
        {
            var recorded = all[first + _random.Below(all.Length - first)];
            var datagram = recorded.Datagram.ToArray();
            if (_random.Chance(0.3))
                datagram[_random.Below(datagram.Length)] ^= (byte)(1 + _random.Below(255));
            else if (_random.Chance(0.3))
                datagram = datagram[..(1 + _random.Below(datagram.Length))];
            _cluster.Inject(
                recorded.From, recorded.To, recorded.Link, datagram, TimeSpan.FromMilliseconds(_random.Below(20)));
        }
    }

    private void StopSomebody()
    {
        var id = 1 + _random.Below(Setup.NodeCount);
        if (_cluster.Node(id).Machine is null || _rekey is not null)
            return;
        Note("restart");
        _cluster.Stop(id);
        // Longer than a copy may take: a new process must not be taken for the old one by a packet of that.
        _stopped[id] = new TimeSpan(_cluster.Now.Ticks) + TimeSpan.FromMilliseconds(_random.Between(200, 4000));
    }

    private void Revive()
    {
        foreach (var (id, at) in _stopped.Where(x => x.Value.Ticks <= _cluster.Now.Ticks).ToArray())
        {
            _stopped.Remove(id);
            _cluster.Start(id);
        }
    }

    /// <summary>One step of one node: all load before one uses, as the order of messages has it; then each for
    /// itself.</summary>
    private void Rekey()
    {
        if (_stopped.Count > 0 || !Setup.IsAuthentic)
            return;
        Note("rekey");
        if (_rekey is null)
        {
            _rekey = new RekeyStep(_random.Chance(0.7) ? Setup.Suite : Suites[1 + _random.Below(Suites.Length - 1)],
                _cluster.KeyInUse + 1, new int[Setup.NodeCount]);
            foreach (var node in _cluster.Nodes)
                _cluster.Do(node.Id, machine => machine.LoadKeys(node.Keys(_rekey.Suite, _cluster.Key(_rekey.Key))));
            return;
        }

        var index = _random.Below(Setup.NodeCount);
        StepRekey(index);
        if (_rekey.Phases.All(x => x == 2))
            EndRekey();
    }

    private void StepRekey(int index)
    {
        var phase = _rekey!.Phases[index];
        if (phase == 2)
            return;
        _cluster.Do(_cluster.Nodes[index].Id, machine =>
        {
            if (phase == 0)
                machine.UseLoadedKeys();
            else
                machine.ForgetOldKeys();
        });
        _rekey.Phases[index]++;
    }

    private void EndRekey()
    {
        _cluster.KeyInUse = _rekey!.Key;
        foreach (var node in _cluster.Nodes)
            node.Suite = _rekey.Suite;
        _rekey = null;
    }

    private void Settle()
    {
        while (_stopped.Count > 0)
        {
            _cluster.RunFor(TimeSpan.FromMilliseconds(100));
            Revive();
        }

        for (var i = 0; _rekey is not null; i = (i + 1) % Setup.NodeCount)
        {
            StepRekey(i);
            if (_rekey.Phases.All(x => x == 2))
                EndRekey();
        }

        foreach (var (from, to, link) in _cluster.AllPaths())
            _cluster.Path(from, to, link).Heal(1500);
        Must(_cluster.RunUntil(_cluster.IsWhole, TimeSpan.FromSeconds(30)),
            "somebody cannot be reached 30 s after the faults");
        AssertKept();
        AssertHeard();
        AssertFormats();
    }

    /// <summary>Two nodes that can speak the format of our own to each other do.</summary>
    private void AssertFormats()
    {
        foreach (var (from, to, _) in _cluster.AllPaths())
        {
            var (node, peer) = (_cluster.Node(from), _cluster.Node(to));
            var isExpected = node.SpeaksAead && peer.SpeaksAead;
            Must(node.Machine!.SpeaksAead(peer.Id) == isExpected,
                $"{from} speaks to {to} in the format of our own: {!isExpected}");
        }
    }

    /// <summary>With a link that nothing was done to, nobody was ever lost.</summary>
    private void AssertKept()
    {
        if (!_hasGoodLink)
            return;
        foreach (var node in _cluster.Nodes)
            Must(node.Events.TrueForAll(x => x.Kind != KnetEventKind.PeerUnreachable),
                $"{node.Id} lost a peer to which it had a good link");
    }

    /// <summary>The first messages may tell the machines that a path has become narrower; the last one arrives
    /// everywhere.</summary>
    private void AssertHeard()
    {
        foreach (var node in _cluster.Nodes)
        {
            uint serial = 0;
            for (var i = 0; i < 4; i++)
            {
                serial = _cluster.Send(node.Id, 0, 40_000);
                _cluster.RunFor(TimeSpan.FromSeconds(8));
            }

            foreach (var other in _cluster.Nodes.Where(x => x != node))
            {
                Must(
                    _cluster.Ledger.IsDelivered(other.Id, other.Life, node.Id, serial),
                    $"{other.Id} did not get the last message of {node.Id}; it dropped {Dropped(other)}");
            }
        }
    }

    private static string Dropped(KnetNode node) => string.Join(", ", Enum.GetValues<KnetDiscard>()
        .Where(x => node.Machine!.Counters[x] > 0).Select(x => $"{x} {node.Machine!.Counters[x]}"));

    private void Must(bool holds, string otherwise)
    {
        if (!holds)
            throw new LedgerException($"{otherwise} ({Setup})");
    }
}
