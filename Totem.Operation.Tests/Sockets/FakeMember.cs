using Totem.Core.Model;
using Totem.Transport.Udp.Operation;

namespace Totem.Operation.Tests.Sockets;

/// <summary>A member that is not there, with as many groups as a test wants.</summary>
internal sealed class FakeMember(int groups = 0, int changes = 0) : IStatusSource
{
    public static readonly ProcessorSet Three = ProcessorSet.Of(new(1), new(2), new(3));

    private readonly IReadOnlyList<GroupStatus> _groups =
    [
        .. Enumerable.Range(1, groups).Select(x => new GroupStatus(
            $"group{x}-{new string('x', 100)}", [new GroupProcess(new(1), (uint)x)])),
    ];

    public IReadOnlyList<ChangeRecord> Changes { get; } =
        [.. Enumerable.Range(1, changes).Select(x => Change((ulong)x))];

    public static ChangeRecord Change(ulong sequence) => new()
    {
        Node = new(1),
        At = DateTimeOffset.UnixEpoch,
        Ring = new RingId(new(1), sequence),
        PreviousRing = new RingId(new(1), sequence - 1),
        Members = ProcessorSet.Of(new(1), new(2)),
        Joined = ProcessorSet.Empty,
        Left = ProcessorSet.Of(new ProcessorId(3)),
        Diagnosis = ChangeDiagnosis.MemberSilent,
        About = ProcessorSet.Of(new ProcessorId(3)),
        Reason = GatherReason.TokenLost,
        NoticedBy = new(1),
        LastHolder = new ProcessorId(2),
        Elapsed = TimeSpan.FromSeconds(1),
        Silences = [new(new(3), DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(1.25))],
        BrokenLinks = [new(new(1), new(2))],
        Pause = new(TimeSpan.FromSeconds(0.5), PauseKind.Starved, TimeSpan.Zero, TimeSpan.FromSeconds(0.4)),
        Phases = new(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.01), TimeSpan.FromSeconds(0.02), 1),
        TokenTimeout = TimeSpan.FromSeconds(1),
    };

    public ValueTask<MemberStatus> GetStatusAsync(bool withGroups, CancellationToken cancellationToken) => new(
        new MemberStatus
        {
            Node = new(1),
            Pid = 4711,
            Program = "fake",
            Host = "nowhere",
            Address = "10.0.0.1:5405",
            Transport = UdpTransportKind.Unicast,
            Time = DateTimeOffset.UnixEpoch,
            Started = DateTimeOffset.UnixEpoch,
            Phase = RingPhase.Operational,
            Since = DateTimeOffset.UnixEpoch,
            Health = MemberHealth.Healthy,
            Ring = new RingId(new(1), 8),
            Peers = [new(new(2), "10.0.0.2:5405", IsMember: true, TimeSpan.FromMilliseconds(3))],
            Groups = withGroups ? _groups : null,
            Rotation = new(3, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(3)),
            Statistics = new NodeStatistics { MessagesDelivered = 42 },
            LastChange = Changes is [.., var last] ? last : null,
        });
}
