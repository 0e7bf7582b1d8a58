using Totem.Core;
using Totem.Core.Diagnostics;
using Totem.Core.Groups;
using Totem.Simulation.Model;

namespace Totem.Simulation.Groups;

/// <summary>One life of a processor as the processes in its groups see it. It judges nothing:
/// <c>GroupChecker</c> does.</summary>
internal sealed class GroupJournal(IGroupWitness cluster, ProcessorId node, int life, GroupProcessor processor)
{
    private readonly List<GroupStream> _streams = [];
    private readonly List<GroupEvent> _events = [];
    private readonly Dictionary<RingId, RingId> _next = [];
    private readonly List<Handed> _handedIn = [];
    private Configuration? _regular;
    private int _sent;

    public ProcessorId Node => node;

    public int Life => life;

    /// <summary>The process runs.</summary>
    public bool IsAlive { get; set; } = true;

    /// <summary>Every process that ever asked to join.</summary>
    public IReadOnlyList<GroupStream> Streams => _streams;

    /// <summary>Configurations and synchronisations.</summary>
    public IReadOnlyList<GroupEvent> Events => _events;

    /// <summary>The rings this life was on, each with the one that followed it.</summary>
    public IReadOnlyDictionary<RingId, RingId> Next => _next;

    /// <summary>Begins a stream. It hears of the ring what came since the present configuration.</summary>
    public GroupStream Begin(GroupName group, uint pid)
    {
        var stream = new GroupStream(this, group, pid, _streams.Count + 1);
        _streams.Add(stream);
        stream.Events.AddRange(
            _events.Skip(_events.FindLastIndex(x => x.Kind == GroupEventKind.Regular) is var at and >= 0 ? at : 0));
        return stream;
    }

    /// <summary>Takes a stream back whose join was not accepted.</summary>
    public void Abandon(GroupStream stream) => _streams.Remove(stream);

    /// <summary>Something is handed to the engine, which will report the same things sent in the same order. Before it
    /// is: an engine that holds the token may send it at once.</summary>
    public void HandIn(GroupStream stream, GroupMessageRecord? message, int part, bool isJoin) =>
        _handedIn.Add(new Handed(stream, message, part, isJoin));

    /// <summary>The engine did not take what was handed in last.</summary>
    public void TakeBack() => _handedIn.RemoveAt(_handedIn.Count - 1);

    /// <summary>The engine put the next message on a ring.</summary>
    public void RecordSent(in RingEvent sent)
    {
        if (_sent == _handedIn.Count)
        {
            cluster.ReportAnomaly("G4", $"{node} reports {_sent + 1} group messages sent, of {_handedIn.Count} "
                + "handed in");
            return;
        }

        var handed = _handedIn[_sent++];
        var place = new OrderPlace(sent.Ring, sent.Seq, sent.Count);
        if (handed.IsJoin)
            handed.Stream.JoinedAt = place;
        if (handed.Message is not { } message)
            return;
        if (handed.Part == 0)
            message.First = place;
        if (handed.Part == message.Parts - 1)
            cluster.GroupMessages[place] = message;
    }

    /// <summary>Records one delivery.</summary>
    public void Record(scoped in GroupDelivery delivery)
    {
        switch (delivery.Kind)
        {
            case GroupDeliveryKind.Ring:
                if (delivery.Ring.Change is { } change)
                    RecordConfiguration(change.Configuration);
                return;
            case GroupDeliveryKind.Message:
                RecordMessage(delivery);
                return;
            case GroupDeliveryKind.Synchronized:
                RecordSynchronized(delivery.Configuration);
                return;
            case GroupDeliveryKind.Change or GroupDeliveryKind.Transitional:
                RecordChange(delivery);
                return;
            default:
                cluster.ReportAnomaly("G4", $"{node} was handed {delivery.Kind}, which nobody asked for");
                return;
        }
    }

    private void RecordConfiguration(Configuration configuration)
    {
        if (configuration.Kind == ConfigurationKind.Transitional)
        {
            AddToAll(new GroupEvent(GroupEventKind.TransitionalConfiguration, configuration.ToString(), _regular)
            {
                Transitional = configuration,
            });
            return;
        }

        if (_regular is { } before)
            _next[before.Ring] = configuration.Ring;
        _regular = configuration;
        AddToAll(new GroupEvent(GroupEventKind.Regular, configuration.ToString(), configuration));
    }

    private void RecordSynchronized(Configuration? configuration)
    {
        var table = processor.AllGroups().OrderBy(x => x.Group.ToString(), StringComparer.Ordinal).ToList();
        var told = table.SelectMany(x => x.Members.Where(m => m.Node == node).Select(m => (x.Group, m))).ToHashSet();
        // A process that ended early and whose leave is not ordered yet may still be there.
        var real = _streams.Where(x => x.HasJoined && !x.IsOver)
            .Select(x => (x.Group, x.Member)).ToHashSet();
        var lacks = real.Except(told).ToList();
        var ghosts = told.Except(_streams.Where(x => x.Membership is { State: not GroupMembershipState.Left })
            .Select(x => (x.Group, x.Member))).ToList();
        AddToAll(new GroupEvent(
            GroupEventKind.Synchronized,
            string.Join("; ", table.Select(x => $"{x.Group} {{{string.Join(", ", x.Members)}}}")),
            _regular)
        {
            Table = table,
            Problem = configuration?.Ring != _regular?.Ring ? $"synchronised {configuration}, expected {_regular}"
                : lacks.Count > 0 ? $"lacks its own {string.Join(", ", lacks)}"
                : ghosts.Count > 0 ? $"has a ghost of its own, {string.Join(", ", ghosts)}"
                : null,
        });
    }

    private void RecordChange(scoped in GroupDelivery delivery)
    {
        var change = delivery.Change!;
        var isChange = delivery.Kind == GroupDeliveryKind.Change;
        Hand(delivery, new GroupEvent(
            isChange ? GroupEventKind.Change : GroupEventKind.Transitional, $"{delivery.Kind} {change.Ring}: "
                + $"{change}", _regular)
        {
            Change = change,
        });
        if (!isChange)
            return;
        foreach (var receiver in delivery.Receivers)
        {
            var stream = (GroupStream)receiver.Owner!;
            stream.HasJoined = true;
            if (change.Left.Any(x => x.Member == stream.Member) && !change.Members.Contains(stream.Member))
                stream.HasLeft = true;
        }
    }

    private void RecordMessage(scoped in GroupDelivery delivery)
    {
        var ring = delivery.Ring;
        var sender = delivery.Sender;
        var place = new OrderPlace(ring.Ring, ring.Seq, ring.Index);
        var hash = StableHash.Of(delivery.Payload);
        cluster.GroupMessages.TryGetValue(place, out var message);
        var problem = message is null ? "nobody sent it there"
            : message.Stream.Member != sender ? $"as one of {sender}"
            : message.LengthBytes != delivery.Payload.Length || message.Hash != hash
                ? $"with {delivery.Payload.Length} other bytes than the {message.LengthBytes} that were sent"
            : message.Guarantee != ring.Guarantee ? $"as {ring.Guarantee}"
            : null;
        cluster.GroupDeliveryCount++;
        cluster.Fold(StableHash.Mix(hash, node.Value));
        Hand(delivery, new GroupEvent(
            GroupEventKind.Message, message?.ToString() ?? $"unknown message at {place}", _regular)
        {
            Message = message,
            Problem = problem,
        });
    }

    private void Hand(scoped in GroupDelivery delivery, GroupEvent entry)
    {
        if (cluster.Listener is { } listener)
        {
            listener.OnGroup(cluster.Now, node, string.Create(
                System.Globalization.CultureInfo.InvariantCulture, $"hands {delivery.Receivers.Count} processes "
                    + $"{entry.Text}"));
        }

        if (delivery.Receivers.Count == 0 || delivery.Receivers.Distinct().Count() != delivery.Receivers.Count)
            cluster.ReportAnomaly("G4", $"{node} hands {entry} to nobody, or to somebody twice");
        foreach (var receiver in delivery.Receivers)
        {
            var stream = (GroupStream)receiver.Owner!;
            if (stream.IsOver)
                cluster.ReportAnomaly("G4", $"{stream} is over and is handed {entry}");
            stream.Events.Add(entry);
        }
    }

    private void AddToAll(GroupEvent entry)
    {
        _events.Add(entry);
        cluster.Fold((ulong)entry.Kind);
        if (entry.Kind == GroupEventKind.Synchronized)
            cluster.Listener?.OnGroup(cluster.Now, node, $"has synchronised {entry.Regular}: {entry.Text}");
        foreach (var stream in _streams)
        {
            if (!stream.IsOver)
                stream.Events.Add(entry);
        }
    }

    private readonly record struct Handed(GroupStream Stream, GroupMessageRecord? Message, int Part, bool IsJoin);
}
