using Totem.Accord.Components;
using Totem.Accord.State;
using Totem.Core.Diagnostics;

namespace Totem.Accord.Replication;

/// <summary>
/// One conductor's part in the replication: from the group's order it finds which batches count, and in which order
/// they are executed; it never looks into them but for changes of the voters.
/// </summary>
internal sealed class Replica(ConductorId self, int votersWanted, string address)
{
    private readonly List<HeldBatch> _held = [];
    private readonly List<PendingStep> _steps = [];
    private readonly HashSet<ulong> _lostInDoubt = [];
    private ComponentId _lastComponent;
    private IReadOnlyList<ConductorId> _lastKnowing = [];
    private bool _isBehind;

    /// <summary>Where it is.</summary>
    public ReplicaPhase Phase { get; private set; } = new StartingPhase();

    /// <summary>Between <c>Transitional</c> and the next <c>Change</c>.</summary>
    public bool IsInTransitional { get; private set; }

    /// <summary>This conductor.</summary>
    public ConductorId Self => self;

    /// <summary>The primary component, when it is certain that this is one and all of the state is here.</summary>
    public PrimaryPhase? Serving =>
        !IsInTransitional && Phase is PrimaryPhase { CatchUp: null } primary ? primary : null;

    /// <summary>Some members do not come along.</summary>
    public void HandleTransitional() => IsInTransitional = true;

    /// <summary>The group has a new membership: begins an exchange of states.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="members">The conductors, sorted.</param>
    /// <param name="state">The state as far as it has been executed.</param>
    /// <returns>The report, which the others are to get.</returns>
    public byte[] HandleChange(RingId ring, IReadOnlyList<GroupMember> members, ReplicatedState state)
    {
        IsInTransitional = false;
        if (_isBehind)
        {
            // The state will come from the beginning of the next component.
            _held.Clear();
            _steps.Clear();
        }

        var exchange = new ExchangePhase(ExchangeTag.Of(ring, members), members);
        Phase = exchange;
        return ConductorMessage.Encode(exchange.Tag, Report(state));
    }

    /// <summary>A conductor's report; true when it was the last one, and a decision was made.</summary>
    public bool HandleReport(ProcessorId sender, ReadOnlySpan<byte> message, ReplicatedState state)
    {
        if (Phase is not ExchangePhase exchange || !ConductorMessage.TryRead(message, out var tag, out var report)
            || tag != exchange.Tag || report!.Conductor.Node != sender
            || !exchange.Members.Any(x => x.Node == sender))
            return false;
        exchange.Reports[sender] = report;
        if (exchange.Reports.Count < exchange.Members.Count)
            return false;
        Decide(exchange, state);
        return true;
    }

    /// <summary>A batch of the order; true when it is to be executed now.</summary>
    public bool HandleBatch(ProcessorId sender, in BatchHeader header, ReadOnlySpan<byte> message)
    {
        if (Phase is not PrimaryPhase primary || header.Component != primary.Component)
            return false;
        if (!IsInTransitional && primary.CatchUp is null)
            return true;
        var held = new HeldBatch(new BatchName(sender, header.Number), message.ToArray());
        if (IsInTransitional)
        {
            _held.Add(held);
            return false;
        }

        primary.CatchUp!.Backlog.Add(held);
        primary.CatchUp.BacklogBytes += message.Length;
        return false;
    }

    /// <summary>The next thing that has become certain; false when there is none, or nothing is certain yet.</summary>
    public bool TryTakeStep(out PendingStep step)
    {
        step = default;
        if (Serving is null || _steps.Count == 0)
            return false;
        step = _steps[0];
        _steps.RemoveAt(0);
        return true;
    }

    /// <summary>Whether it is not certain what becomes of this batch.</summary>
    public bool IsInDoubt(ulong ownNumber) =>
        _lostInDoubt.Contains(ownNumber) || _held.Exists(x => x.Name == new BatchName(self.Node, ownNumber))
        || _steps.Exists(x => x.Formation is null && x.Batch.Name == new BatchName(self.Node, ownNumber));

    /// <summary>The state that this conductor lacked is there, but for the backlog; the caller executes that.</summary>
    public IReadOnlyList<HeldBatch> FinishCatchUp()
    {
        var primary = (PrimaryPhase)Phase;
        var backlog = primary.CatchUp!.Backlog;
        primary.CatchUp = null;
        _isBehind = false;
        return backlog;
    }

    private StateReport Report(ReplicatedState state)
    {
        var voters = VotersAfter(state, _steps);
        return new StateReport
        {
            Conductor = self,
            Component = _lastComponent,
            Position = state.Position + (ulong)_steps.Count(x => x.Formation is null),
            IsBehind = _isBehind,
            Knowing = _lastKnowing,
            Voters = voters,
            VotersBehindHeld =
                VotersAfter(state, _steps.Concat(_held.Select(x => new PendingStep(x, null)))),
            VotersWanted = votersWanted,
            Held = [.. _held.Select(x => x.Name)],
            Address = address,
        };
    }

    // The voters that there would be: for a count of votes only, the state itself changes when a step is taken.
    private static IReadOnlyList<ConductorId> VotersAfter(
        ReplicatedState state, IEnumerable<PendingStep> steps)
    {
        var (voters, wanted) = (state.Voters, state.VotersWanted);
        IReadOnlyCollection<ConductorId> present = [.. state.Conductors.Select(x => new ConductorId(x.Key, x.Value))];
        foreach (var step in steps)
        {
            if (step.Formation is { } formation)
            {
                present = [.. formation.Conductors];
                if (voters.Count == 0)
                    (voters, wanted) = (formation.Decision.Voters, formation.Decision.VotersWanted);
                continue;
            }

            var reader = new EntryReader(step.Batch.Bytes);
            while (reader.MoveNext())
                voters = VoterRules.Apply(
                    voters, wanted, step.Batch.Name.Sender, reader.Kind, reader.Content, present);
        }

        return voters;
    }

    private void Decide(ExchangePhase exchange, ReplicatedState state)
    {
        _lostInDoubt.Clear();
        var decision = ComponentDecision.Of(exchange.Reports.Values, exchange.Tag.Ring);
        if (decision.Verdict != ComponentVerdict.Primary)
        {
            Phase = new MinorityPhase(decision.Verdict);
            return;
        }

        IReadOnlyList<ConductorId> all = [.. exchange.Reports.Values.Select(x => x.Conductor).Order()];
        var primary = new PrimaryPhase(decision.Component);
        primary.Behind.UnionWith(all.Except(decision.Knowing).Select(x => x.Node));
        _isBehind = !decision.Knowing.Contains(self);
        if (_isBehind)
        {
            // The others have decided without this conductor about batches that it held.
            _lostInDoubt.UnionWith(_held.Concat(_steps.Where(x => x.Formation is null).Select(x => x.Batch))
                .Where(x => x.Name.Sender == self.Node).Select(x => x.Name.Number));
            _steps.Clear();
            primary.CatchUp = new CatchUp(
                [.. decision.Knowing.Select(x => exchange.Reports[x.Node].Address).Where(x => x.Length > 0)]);
        }
        else
        {
            AddSteps(decision, all, state);
        }

        _held.Clear();
        (_lastComponent, _lastKnowing) = (decision.Component, decision.Knowing);
        Phase = primary;
    }

    private void AddSteps(ComponentDecision decision, IReadOnlyList<ConductorId> all, ReplicatedState state)
    {
        var at = state.Position + (ulong)_steps.Count(x => x.Formation is null);
        var kept = decision.Kept.ToHashSet();
        foreach (var held in _held)
        {
            if (at >= decision.GreenCount && !kept.Contains(held.Name))
                continue;
            _steps.Add(new PendingStep(held, null));
            at++;
        }

        Invariant.That(at == decision.Position, "those who know end at the position of the decision");
        _steps.Add(new PendingStep(default, new Formation(decision, all)));
    }
}
