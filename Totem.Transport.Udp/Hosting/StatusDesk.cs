using System.Net.Sockets;
using System.Reflection;
using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Operation;

namespace Totem.Transport.Udp.Hosting;

/// <summary>
/// Puts a member's status together out of what its threads have written down, on the thread of whoever asks. Only the
/// groups are asked of the ring's thread: when they have changed, a few times a second at most, and seldom enough that
/// it takes no more than a hundredth of its time.
/// </summary>
internal sealed class StatusDesk(RingParts parts) : IStatusSource, IDisposable
{
    private const int ReadersMax = 64;
    private const int RestlessChanges = 3;
    private const int CostShare = 100;
    private static readonly TimeSpan RestlessTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan GroupInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan GroupLimit = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _started = DateTimeOffset.UtcNow;
    private readonly SemaphoreSlim _groupLock = new(1, 1);
    private IReadOnlyList<GroupStatus> _groups = [];
    private long _groupRevision = -1;
    private Instant _nextGroups;
    private StatusSocket? _socket;

    /// <summary>Where the socket lies; null when there is none.</summary>
    public string? SocketPath => _socket?.Path;

    /// <inheritdoc />
    public IReadOnlyList<ChangeRecord> Changes => parts.Witness.Records;

    /// <summary>Opens the socket, if there is to be one. Without one the member goes on.</summary>
    public void Open()
    {
        if (!parts.Options.ShowsStatus || RunDirectory.Find(parts.Options.RunDirectory) is not { } directory)
            return;
        try
        {
            _socket = StatusSocket.Open(this, directory);
        }
        catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException
            or PlatformNotSupportedException)
        {
            Log.NoStatusSocket(parts.Logger, parts.Transport.Self, failure.Message);
        }
    }

    /// <inheritdoc />
    public async ValueTask<MemberStatus> GetStatusAsync(bool withGroups, CancellationToken cancellationToken)
    {
        var groups = withGroups ? await GroupsAsync(cancellationToken).ConfigureAwait(false) : null;
        var counters = parts.Counters;
        var now = HostClock.Now();
        var installed = parts.Membership.Installed;
        var phase = (RingPhase)Volatile.Read(ref counters.Phase);
        var expected = parts.Options.Transport.Kind == UdpTransportKind.Loopback
            ? (int?)null : parts.Transport.Members.Count;
        var members = installed?.Members ?? ProcessorSet.Empty;
        var peers = Peers(members, now);
        var readers = Readers();
        var problems = Problems(phase, members, readers, peers, expected is not null);
        return new MemberStatus
        {
            Node = parts.Transport.Self,
            Pid = Environment.ProcessId,
            Program = ProgramName,
            Host = Environment.MachineName,
            Address = parts.Transport.LocalAddress,
            Transport = parts.Options.Transport.Kind,
            Cluster = parts.Options.Transport.Cluster,
            Time = DateTimeOffset.UtcNow,
            Started = _started,
            Phase = phase,
            Since = HostClock.DateOf(new Instant(Volatile.Read(ref counters.PhaseSince))),
            Health = problems.Count == 0 ? MemberHealth.Healthy : MemberHealth.Degraded,
            Problems = problems,
            Ring = installed?.Ring,
            Peers = peers,
            MemberCount = members.Count,
            ExpectedCount = expected,
            IsMajority = expected is { } all ? members.Count * 2 > all : null,
            IsSynchronized = parts.Groups.IsSynchronized,
            Groups = groups,
            Readers = readers,
            Rotation = parts.Rotations.Read(),
            Window = Volatile.Read(ref counters.Window),
            Backlog = Volatile.Read(ref counters.Backlog),
            Statistics = NodeStatistics.Of(counters),
            ChangeCount = parts.Witness.Count,
            LastChange = parts.Witness.Records is [.., var last] ? last : null,
        };
    }

    /// <summary>The member is over.</summary>
    public void Dispose() => _socket?.Dispose();

    /// <summary>A .NET program that runs under <c>dotnet</c> is called by its own name.</summary>
    private static string ProgramName
    {
        get
        {
            var program = Path.GetFileName(Environment.ProcessPath) ?? "";
            return program == "dotnet" && Assembly.GetEntryAssembly()?.GetName().Name is { } name ? name : program;
        }
    }

    private List<PeerStatus> Peers(ProcessorSet members, Instant now)
    {
        var self = parts.Transport.Self;
        var isOpen = parts.Options.Transport.Kind == UdpTransportKind.Loopback;
        var peers = new List<PeerStatus>();
        foreach (var (id, endPoint) in parts.Options.GetPeers())
        {
            var heard = parts.Transport.LastHeard(id);
            // Nobody misses the slots of a loopback that were never taken.
            if (isOpen && !members.Contains(id) && heard == 0)
                continue;
            var ago = id == self || heard == 0 ? (TimeSpan?)null : now - new Instant(heard);
            peers.Add(new PeerStatus(
                id, endPoint.ToString(), members.Contains(id), ago < TimeSpan.Zero ? TimeSpan.Zero : ago));
        }

        return peers;
    }

    private List<ReaderStatus> Readers()
    {
        var readers = parts.Groups.Hosted.Select(x => x.Lag).OfType<ReaderStatus>().ToList();
        if (parts.Stream is { UnreadBytes: > 0 and var bytes } stream && !parts.Room.IsStreamDropped)
            readers.Add(new ReaderStatus("", bytes, stream.IsBlocked));
        return [.. readers.OrderByDescending(x => x.UnreadBytes).Take(ReadersMax)];
    }

    private List<StatusProblem> Problems(
        RingPhase phase, ProcessorSet members, List<ReaderStatus> readers, List<PeerStatus> peers, bool areConfigured)
    {
        var problems = new List<StatusProblem>();
        if (phase != RingPhase.Operational)
            problems.Add(new(StatusProblemKind.NotOperational, $"the member is in the state {phase}, expected "
                + $"{RingPhase.Operational}"));
        var missing = peers.Where(x => !members.Contains(x.Node)).ToList();
        if (areConfigured && missing.Count > 0)
            problems.Add(new(StatusProblemKind.MembersMissing, "not on the ring: "
                + string.Join(", ", missing.Select(x => $"node {x.Node} ({x.Address})"))));
        foreach (var reader in readers.Where(x => x.IsBehind))
        {
            problems.Add(
                new(StatusProblemKind.ReaderBehind, (reader.Name.Length == 0 ? "the reader of the ring's events"
                : $"the reader of the group {reader.Name}") + $" has {reader.UnreadBytes} bytes unread and no room"));
        }

        var since = DateTimeOffset.UtcNow - RestlessTime;
        // The first ring of a member and its meeting the others are no unrest.
        var changes = Changes.Count(x => x.At > since && !x.Left.IsEmpty);
        if (changes >= RestlessChanges)
            problems.Add(new(StatusProblemKind.Restless, $"members went in {changes} changes within a minute"));
        if (Volatile.Read(ref parts.Counters.SequencesNotStored) > 0)
            problems.Add(new(StatusProblemKind.SequenceNotStored, "the ring sequence could not be stored"));
        return problems;
    }

    /// <summary>Every group; null when the ring's thread does not answer, as while a handler does not return.</summary>
    private async Task<IReadOnlyList<GroupStatus>?> GroupsAsync(CancellationToken cancellationToken)
    {
        await _groupLock.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var revision = parts.Groups.Revision;
            if (revision == _groupRevision || HostClock.Now() < _nextGroups)
                return _groups;
            var cost = TimeSpan.Zero;
            var rosters = await parts.Groups.AskAsync(
                processor =>
                {
                    var begun = HostClock.Now();
                    var all = processor.AllGroups();
                    cost = HostClock.Now() - begun;
                    return all;
                },
                cancellationToken).WaitAsync(GroupLimit, cancellationToken).ConfigureAwait(false);
            _groups = [.. rosters.Select(x => new GroupStatus(
                x.Group.ToString(), [.. x.Members.Select(y => new GroupProcess(y.Node, y.Pid))]))];
            _groupRevision = revision;
            _nextGroups = HostClock.Now() + (cost * CostShare > GroupInterval ? cost * CostShare : GroupInterval);
            return _groups;
        }
        catch (Exception failure) when (failure is TimeoutException or ObjectDisposedException or RingFailedException)
        {
            return null;
        }
        finally
        {
            _groupLock.Release();
        }
    }
}
