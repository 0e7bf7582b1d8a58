using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;

namespace Totem.Tests.Checkers;

/// <summary>
/// For each rule, where in a legal trace one change is sure to break it. A site is the change itself; a trace without
/// sites has nothing that the rule speaks about.
/// </summary>
internal sealed class Spoilers(TraceIndex index, Mutations trace)
{
    private IEnumerable<Passage> Passages => index.Rings.All.SelectMany(x => x.Passages);

    public IReadOnlyList<Action> For(EvsRule rule) => [.. rule.Number switch
    {
        "1.1" => Each(TraceEventKind.Start, x => trace.TryReplace(y => y == x, y => [y, y])),
        "1.2" => Each(TraceEventKind.Deliver,
            x => trace.TryReplace(y => y == x, y => [y with { PayloadHash = y.PayloadHash + 1 }])),
        "1.3" => Each(TraceEventKind.Deliver, x => trace.TryReplace(y => y == x, y => [y, y])),
        "2.1" => InstallsAfterTheirFirstMessage(),
        "2.2" => OtherMembers(),
        "2.3" => InstallsAfterAForeignMessage(),
        "2.4" => MissingTransitionals(),
        "2.5" => MissingLastConfigurations(),
        "3" => MissingOwnMessages(),
        "4" => MissingAmongCompanions(),
        "5" => MissingCauses(),
        "6.1" => ExchangedPairs(),
        "6.2" => Holes(),
        "7.1" => MissingSafeMessages(),
        "7.2" => MissingInstalls(),
        _ => throw new ArgumentException($"no spoiler for {rule}", nameof(rule)),
    }];

    private IEnumerable<Action> Each(TraceEventKind kind, Action<TraceEvent> spoil) =>
        index.Events.Where(x => x.Kind == kind).Select(x => (Action)(() => spoil(x)));

    private IEnumerable<Action> InstallsAfterTheirFirstMessage() => Passages
        .Where(x => x.Regular.End > x.Regular.Install + 1 && index.Messages.Of[x.Regular.Install + 1] >= 0)
        .Select(x => MoveBehind(x.Regular.Install, x.Regular.Install + 1));

    private IEnumerable<Action> OtherMembers() => index.Configurations
        .Where(x => x.Stays.Count > 1)
        .Select(x => (Action)(() => trace.TryReplace(
            y => y == index.Events[x.Stays[^1].Install],
            y => [y with { Configuration =
                y.Configuration! with { Members = y.Configuration.Members.With(new ProcessorId(99)) } }])));

    private IEnumerable<Action> InstallsAfterAForeignMessage() =>
        from passage in Passages
        from local in passage.Order
        where index.Messages.Id(passage.Ring.Messages[local]).Sender != passage.Processor
            && passage.At(local) < passage.Regular.End
        select MoveBehind(passage.Regular.Install, passage.At(local));

    private IEnumerable<Action> MissingTransitionals() => Passages
        .Where(x => x.Transitional?.Next is not null)
        .Select(x => Remove(x.Transitional!.Install));

    private IEnumerable<Action> MissingLastConfigurations() => index.Lives
        .Where(x => x.IsLive && x.Stays.Count > 0)
        .Select(x => Remove(x.Stays[^1].Install));

    private IEnumerable<Action> MissingOwnMessages() =>
        from passage in Passages
        where passage.IsOver
        from local in passage.Order
        let id = index.Messages.Id(passage.Ring.Messages[local])
        where id.Sender == passage.Processor && id.Incarnation == passage.Regular.Life.Id.Incarnation
        select Remove(passage.At(local));

    private IEnumerable<Action> MissingAmongCompanions() =>
        from passage in Passages
        from local in passage.Order
        let stay = passage.StayAt(passage.At(local))
        where stay.Next is not null
            && stay.Entry.Stays.Exists(x => x.Life != stay.Life && x.Next is not null
                && x.Next.Entry == stay.Next.Entry)
        select Remove(passage.At(local));

    /// <summary>A question goes missing where its answer is delivered.</summary>
    private IEnumerable<Action> MissingCauses() =>
        from sender in Passages
        from question in sender.Order
        where sender.At(question) < sender.Regular.End
        from answer in Enumerable.Range(0, sender.Ring.Messages.Count)
        let send = index.Messages.Send(sender.Ring.Messages[answer])
        where index.Slots[send] == sender.Regular.Life.Slot && send > sender.At(question) && send < sender.Regular.End
        from receiver in sender.Ring.Passages
        where receiver != sender && receiver.At(answer) >= 0
        select Remove(receiver.At(question));

    private IEnumerable<Action> ExchangedPairs() =>
        from pair in Pairs()
        where pair.Other.At(pair.First) >= 0 && pair.Other.At(pair.Second) >= 0
        select MoveBehind(pair.Other.At(pair.First), pair.Other.At(pair.Second));

    private IEnumerable<Action> Holes() =>
        from pair in Pairs()
        where pair.Other.At(pair.Second) >= 0
        let members = pair.Other.StayAt(pair.Other.At(pair.Second)).Configuration.Members
        where members.Contains(index.Messages.Id(pair.One.Ring.Messages[pair.First]).Sender)
        select Remove(pair.Other.At(pair.First));

    /// <summary>Two messages that follow one another at one processor, and another processor of the ring.</summary>
    private IEnumerable<(Passage One, Passage Other, int First, int Second)> Pairs() =>
        from one in Passages
        from other in one.Ring.Passages
        where one != other
        from i in Enumerable.Range(0, Math.Max(0, one.Order.Count - 1))
        select (one, other, one.Order[i], one.Order[i + 1]);

    private IEnumerable<Action> MissingSafeMessages() =>
        from passage in Passages
        from local in passage.Order
        where index.Messages.Safe[passage.Ring.Messages[local]]
        let members = passage.StayAt(passage.At(local)).Configuration.Members
        from other in passage.Ring.Passages
        where other != passage && other.IsOver && members.Contains(other.Processor)
        select Remove(other.At(local));

    private IEnumerable<Action> MissingInstalls() =>
        from passage in Passages
        from local in passage.Order
        where index.Messages.Safe[passage.Ring.Messages[local]] && passage.At(local) < passage.Regular.End
        from other in passage.Ring.Passages
        where other != passage && !index.Options.TornLives.Any(x => x.Processor == other.Processor)
        select Remove(other.Regular.Install);

    private Action Remove(int e) => () => trace.RemoveAll(x => ReferenceEquals(x, index.Events[e]));

    private Action MoveBehind(int e, int behind) => () =>
    {
        var moved = index.Events[e];
        trace.Move(moved, behind - index.FirstEvents[index.Slots[e]]);
    };
}
