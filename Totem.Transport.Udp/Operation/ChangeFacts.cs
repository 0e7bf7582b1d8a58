using Totem.Core.Time;

namespace Totem.Transport.Udp.Operation;

/// <summary>The facts that a member saw of one change, before anybody made sense of them.</summary>
internal sealed record ChangeFacts
{
    public required ProcessorId Self { get; init; }

    public required RingId Ring { get; init; }

    public required ProcessorId NoticedBy { get; init; }

    public required Instant GatheredAt { get; init; }

    public required Instant InstalledAt { get; init; }

    public required ChangePhases Phases { get; init; }

    public int TokensSentAgain { get; init; }

    public IReadOnlyList<BrokenLink> BrokenLinks { get; init; } = [];

    public int? LackedFrameBytes { get; init; }

    public OwnPause? Pause { get; init; }

    public long DatagramsDropped { get; init; }

    public long DatagramsUnsent { get; init; }
}
