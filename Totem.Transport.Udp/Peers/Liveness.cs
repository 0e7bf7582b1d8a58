using Totem.Core.Time;
using Totem.Platform.Network;
using Totem.Transport.Udp.Host;
using Totem.Transport.Udp.Sockets;

namespace Totem.Transport.Udp.Peers;

/// <summary>
/// Which members' processes are gone. The verdict is always the same: the kernel says twice that nobody listens at the
/// port. Probes make it say so, at intervals; and at once when a process of this host hangs up. Used by the ring's
/// thread only.
/// </summary>
internal sealed class Liveness
{
    /// <summary>
    /// A dying process closes its files one after the other, so that a hangup can come before the port is closed.
    /// Probes after 0, 0.25, 0.5, 1, ... ms cost at most as long again as the closing took; after 64 ms in all it was
    /// something else.
    /// </summary>
    private const int HurriedProbesMax = 8;

    private static readonly TimeSpan FirstHurriedDelay = TimeSpan.FromMilliseconds(0.25);

    /// <summary>
    /// How often a process is probed that is watched. The kernel would tell us, and an idle ring sleeps longer; but the
    /// watch may be a stranger's doing, and even then a death shall be known within 100 ms.
    /// </summary>
    private static readonly TimeSpan WatchedProbeInterval = TimeSpan.FromMilliseconds(75);

    /// <summary>The same, where whoever is watched is of our own user or root. There are no
    /// strangers then, and an idle ring sleeps.</summary>
    private static readonly TimeSpan OurProbeInterval = TimeSpan.FromSeconds(1);

    /// <summary>How soon it is tried again to watch somebody who refused (a corosync does) or hung
    /// up and lives.</summary>
    private static readonly TimeSpan WatchRetry = TimeSpan.FromMilliseconds(250);

    private readonly PeerTable _peers;
    private readonly IDatagramSocket _sender;
    private readonly NeighbourWatch? _watch;
    private readonly TimeSpan _interval;
    private readonly int _self;
    private readonly byte[][] _names;
    private readonly Strangers? _strangers;

    private PollReports _reports;
    private readonly List<int> _suspects = [];
    private long _refusedPass;
    private Instant _nextListen;

    /// <param name="options">How.</param>
    /// <param name="peers">The peers that there can be.</param>
    /// <param name="self">Our own id.</param>
    /// <param name="sender">The socket that asks and hears.</param>
    /// <param name="neighbours">The watch over processes of this host, by the indexes of the peers;
    /// null where there is none.</param>
    /// <param name="strangers">Told of the processes that are watched; null where members are configured.</param>
    public Liveness(UdpTransportOptions options, PeerTable peers, ProcessorId self, IDatagramSocket sender,
        NeighbourWatch? neighbours, Strangers? strangers)
    {
        _strangers = strangers;
        _peers = peers;
        _sender = sender;
        _watch = neighbours;
        _interval = options.ProbeInterval;
        _self = peers.IndexOf(self);
        _names = new byte[peers.All.Length][];
        if (!OperatingSystem.IsLinux() || neighbours is not { } watch)
            return;
        for (var i = 0; i < _names.Length; i++)
            _names[i] = peers.All[i].IsOnThisHost ? NeighbourName.Of(peers.All[i].EndPoint) : [];
        // Before anything is sent: who hears us finds us.
        watch.TryListen(_names[_self]);
    }

    /// <summary>Something was noticed that <see cref="TryTakeUnreachable"/> has not looked at yet.</summary>
    public bool HasReports => _reports != PollReports.None;

    /// <summary>Asks whether somebody still listens at this peer's port; the answer comes as a report.</summary>
    public void Ask(ProcessorId peer, Instant now)
    {
        if (_peers.IndexOf(peer) is >= 0 and var index)
            Probe(index, now);
    }

    /// <summary>The news of the sleep that has just ended.</summary>
    public void Take(PollReports reports) => _reports = reports;

    /// <summary>
    /// Takes the next member at whose port nobody listens any more. One report may be stale: it can be about a datagram
    /// that left before the process there was up. So the first makes us ask again, and only a second one counts,
    /// from a later pass over the reports and with nothing heard in between. On one host both come within microseconds.
    /// </summary>
    public bool TryTakeUnreachable(Instant now, out ProcessorId unreachable)
    {
        unreachable = default;
        if (_reports == PollReports.None)
            return false;
        if ((_reports & PollReports.NeighbourWatch) != PollReports.None)
            TakeHangups(now);
        // HasFlag would allocate until the method is optimized
        var asked = (_reports & PollReports.RefusedPort) != PollReports.None;
        while (asked)
        {
            asked = false;
            // Before the pass, not within: on one host the answer is there at once, and is to be of a later pass.
            foreach (var suspect in _suspects)
                Probe(suspect, now);
            _suspects.Clear();
            _refusedPass++;
            while (_sender.TryReadRefused(out var address))
            {
                if (!_peers.TryFind(address, out var index))
                    continue;
                var peer = _peers.All[index];
                // A port that never answered is a member that has not been started, and nobody's loss.
                if (!peer.IsHeard)
                    continue;
                switch (peer.Refused(_refusedPass))
                {
                    case 0:
                        continue;
                    case 1:
                        _suspects.Add(index);
                        asked = true;
                        continue;
                    default:
                        peer.Closed();
                        unreachable = peer.Id;
                        return true;
                }
            }
        }

        _reports = PollReports.None;
        return false;
    }

    /// <summary>
    /// Probes the successor, or everybody who was heard while there is none, where they run on this host and nothing
    /// was sent to them for a while; and whoever has hung up. Also who was heard and is no member: it may have taken
    /// the port of one that died before anybody saw it closed, and then only its own end shows that death. A member
    /// that is gone is found so once, and probed no more.
    /// </summary>
    /// <returns>When to call again; null when nobody is to be probed.</returns>
    public Instant? ProbeIfQuiet(ProcessorId successor, ProcessorSet members, Instant now)
    {
        if (_interval == TimeSpan.Zero)
            return null;
        Instant? next = null;
        for (var i = 0; i < _peers.All.Length; i++)
        {
            var peer = _peers.All[i];
            if (peer.IsSelf || !peer.IsOnThisHost || !peer.IsHeard)
                continue;
            var isWatched = Watch(i, now);
            if (peer.HurriedProbes > 0)
                Add(ProbeHurried(i, now));
            if (successor.IsNone || peer.Id == successor || !members.Contains(peer.Id))
                Add(ProbeQuiet(i, isWatched ? WatchedInterval(i) : _interval, now));
        }

        return next;

        void Add(Instant due)
        {
            if (next is null || due < next)
                next = due;
        }
    }

    /// <summary>Whether the end of this peer's process would be noticed at once.</summary>
    public bool IsWatching(int index) => OperatingSystem.IsLinux() && _watch is { } watch && watch.IsWatching(index);

    private TimeSpan WatchedInterval(int index)
    {
        var interval = OperatingSystem.IsLinux() && _watch?.IsOurs(index) == true ? OurProbeInterval
            : WatchedProbeInterval;
        return interval > _interval ? interval : _interval;
    }

    private Instant ProbeQuiet(int index, TimeSpan interval, Instant now)
    {
        // A little early is right when we are awake anyway, mostly because somebody probed us: the probes of an idle
        // ring then run round it together, and each member wakes up once an interval instead of twice.
        if (now - _peers.All[index].LastSent >= interval * 0.75)
            Probe(index, now);
        return _peers.All[index].LastSent + interval;
    }

    private Instant ProbeHurried(int index, Instant now)
    {
        var peer = _peers.All[index];
        if (now >= peer.NextHurriedProbe)
        {
            Probe(index, now);
            peer.NextHurriedProbe = now + (FirstHurriedDelay * (1 << (HurriedProbesMax - peer.HurriedProbes)));
            peer.HurriedProbes--;
        }

        return peer.NextHurriedProbe;
    }

    private void Probe(int index, Instant now)
    {
        _sender.Probe(index);
        _peers.All[index].LastSent = now;
    }

    /// <summary>Whether this peer is watched, which is tried now and then as long as it is not.</summary>
    private bool Watch(int index, Instant now)
    {
        if (!OperatingSystem.IsLinux() || _watch is not { } watch)
            return false;
        var peer = _peers.All[index];
        if (watch.IsWatching(index) || now < peer.NextWatch)
            return watch.IsWatching(index);
        peer.NextWatch = now + WatchRetry;
        watch.TryWatch(index, _names[index]);
        if (watch.IsWatching(index))
            _strangers?.Meet(peer.Id, watch.ProcessOf(index));
        // The name can be that of our last life still, or we had no descriptors left.
        if (!watch.IsListening && now >= _nextListen)
        {
            _nextListen = now + WatchRetry;
            watch.TryListen(_names[_self]);
        }

        return watch.IsWatching(index);
    }

    private void TakeHangups(Instant now)
    {
        if (!OperatingSystem.IsLinux() || _watch is not { } watch)
            return;
        while (watch.TryTakeHungUp(out var index))
        {
            var peer = _peers.All[index];
            peer.NextWatch = now + WatchRetry;
            if (!peer.IsHeard)
                continue;
            // The first probe now: its answer is most often there when we look for it, a moment later.
            Probe(index, now);
            peer.HurriedProbes = HurriedProbesMax;
            peer.NextHurriedProbe = now + FirstHurriedDelay;
            _reports |= PollReports.RefusedPort;
        }

        _reports &= ~PollReports.NeighbourWatch;
    }
}
