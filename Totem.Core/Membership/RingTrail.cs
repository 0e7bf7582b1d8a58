using Totem.Core.Diagnostics;

namespace Totem.Core.Membership;

/// <summary>
/// The rings that this processor has been on or has tried to be on, and the highest ring sequence that anybody has
/// shown it.
/// </summary>
internal sealed class RingTrail
{
    /// <summary>How far apart two ring sequences may be; beyond it one of them is garbage. 2^48 rings outlast any
    /// cluster.</summary>
    private const ulong SequenceDistanceMax = 1UL << 48;

    /// <summary>Joins in a row with absurd ring sequences that are near each other before one is believed.</summary>
    private const int InsistencesUntilBelieved = 10;

    /// <summary>How much higher a new ring is numbered than all known ones (WIRE §9.6).</summary>
    private const ulong SequenceStep = 4;

    private readonly RingHistory _history = new();
    private (ulong Sequence, int Count) _insisted;

    public RingTrail(ProcessorId self, ulong storedRingSequence)
    {
        // WIRE §6.3: one more than what was stored, so that a restarted processor is told from its old self.
        First = Current = new RingId(self, unchecked(storedRingSequence + 1));
        Highest = Current.Sequence;
    }

    /// <summary>The name under which this life of the processor begins.</summary>
    public RingId First { get; }

    /// <summary>The ring that we are on or have committed to.</summary>
    public RingId Current { get; private set; }

    /// <summary>The highest ring sequence that anybody has shown us.</summary>
    public ulong Highest { get; private set; }

    /// <summary>The members of the ring that was installed last; empty before the first.</summary>
    public ProcessorSet LastMembers { get; private set; } = ProcessorSet.Empty;

    /// <summary>The ring that we would form now.</summary>
    public RingId NextOf(ProcessorId self) => new(self, unchecked(Highest + SequenceStep));

    /// <summary>
    /// Somebody claims this ring sequence. One that lies behind raises nothing. One that lies too far ahead is garbage,
    /// unless somebody insists on it: a processor that has been led astray once must not stay outside for ever.
    /// </summary>
    /// <returns>True when the claim is believed.</returns>
    public bool TakeClaim(ulong sequence)
    {
        if (!RingId.IsLater(sequence, Highest) || IsNear(sequence, Highest))
            return true;
        // Several may have been led astray together, and each of them has gone on from there.
        var isNear = IsNear(sequence, _insisted.Sequence) || IsNear(_insisted.Sequence, sequence);
        _insisted = (sequence, isNear ? _insisted.Count + 1 : 1);
        return _insisted.Count > InsistencesUntilBelieved;
    }

    /// <summary>A processor shows that it has been on a ring of this sequence.</summary>
    public void NoteSequence(ulong sequence) => Highest = RingId.Later(Highest, sequence);

    /// <summary>We commit to this ring.</summary>
    public void CommitTo(RingId ring)
    {
        Current = ring;
        NoteSequence(ring.Sequence);
        _history.Add(ring);
        Invariant.That(Knows(ring), "a ring that we commit to is known");
    }

    /// <summary>A ring with these members is installed.</summary>
    public void Install(ProcessorSet members)
    {
        Invariant.That(!members.IsEmpty, "an installed ring has members");
        LastMembers = members;
    }

    /// <summary>We have been on this ring, or have tried to be: a frame of it is late, not foreign.</summary>
    public bool Knows(RingId ring) => _history.Contains(ring);

    /// <summary>Why a frame of this ring, which is not ours, is dropped.</summary>
    public DiscardReason ObjectionTo(RingId ring) => Knows(ring) ? DiscardReason.StaleRing : DiscardReason.ForeignRing;

    private static bool IsNear(ulong sequence, ulong below) => unchecked(sequence - below) <= SequenceDistanceMax;
}
