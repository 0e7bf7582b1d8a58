using Totem.Accord.Components;
using Totem.Accord.State;

namespace Totem.Accord.Replication;

/// <summary>Where a conductor is between two changes of membership.</summary>
internal abstract class ReplicaPhase;

/// <summary>It is not in the group yet.</summary>
internal sealed class StartingPhase : ReplicaPhase;

/// <summary>All conductors tell what they have; nothing is executed.</summary>
internal sealed class ExchangePhase(ExchangeTag tag, IReadOnlyList<GroupMember> members) : ReplicaPhase
{
    /// <summary>Which exchange.</summary>
    public ExchangeTag Tag => tag;

    /// <summary>Those who take part.</summary>
    public IReadOnlyList<GroupMember> Members => members;

    /// <summary>The reports that have come, by the node they are of.</summary>
    public Dictionary<ProcessorId, StateReport> Reports { get; } = [];
}

/// <summary>This configuration is none that may go on.</summary>
internal sealed class MinorityPhase(ComponentVerdict verdict) : ReplicaPhase
{
    /// <summary>Why.</summary>
    public ComponentVerdict Verdict => verdict;
}

/// <summary>This configuration is the primary component; or it may be, as long as that is only known in a
/// transitional configuration.</summary>
internal sealed class PrimaryPhase(ComponentId component) : ReplicaPhase
{
    /// <summary>Its name.</summary>
    public ComponentId Component => component;

    /// <summary>The state at its beginning, while some of it wait for that.</summary>
    public StateSnapshot? Offer { get; set; }

    /// <summary>Those who wait for the state.</summary>
    public HashSet<ProcessorId> Behind { get; } = [];

    /// <summary>This conductor's own way to the state; null when it has it.</summary>
    public CatchUp? CatchUp { get; set; }

    /// <summary>The hashes of states that its conductors tell.</summary>
    public DigestBoard Digests { get; } = new();
}

/// <summary>A conductor on its way to the state: it keeps what is ordered, and gets the rest from
/// another one.</summary>
internal sealed class CatchUp(IReadOnlyList<string> donors)
{
    /// <summary>Where the state is to be had.</summary>
    public IReadOnlyList<string> Donors => donors;

    /// <summary>Batches since the beginning of the component.</summary>
    public List<HeldBatch> Backlog { get; } = [];

    /// <summary>The bytes of them.</summary>
    public long BacklogBytes { get; set; }

    /// <summary>The state, as far as it has come.</summary>
    public SnapshotReader Reader { get; set; } = new();
}

/// <summary>A batch that waits until it is known what becomes of it.</summary>
internal readonly record struct HeldBatch(BatchName Name, byte[] Bytes);

/// <summary>Something that is certain to happen to the state, when this component is certain.</summary>
/// <param name="Batch">A batch that is executed.</param>
/// <param name="Formation">Or the component that begins then.</param>
internal readonly record struct PendingStep(HeldBatch Batch, Formation? Formation);

/// <summary>The beginning of a component.</summary>
internal sealed record Formation(ComponentDecision Decision, IReadOnlyList<ConductorId> Conductors);
