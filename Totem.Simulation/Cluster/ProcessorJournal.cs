using Totem.Core;
using Totem.Core.Diagnostics;
using Totem.Simulation.Model;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Cluster;

/// <summary>Messages that an application wants to send.</summary>
/// <param name="LengthBytes">The length of a made-up payload.</param>
/// <param name="Guarantee">Agreed or safe.</param>
/// <param name="Payload">A payload that a test wrote itself, or null.</param>
internal readonly record struct Submission(int LengthBytes, Guarantee Guarantee, byte[]? Payload = null);

/// <summary>
/// One life of a processor as its application and its observer see it: what was accepted, sent and delivered. It writes
/// the trace.
/// </summary>
internal sealed class ProcessorJournal : IRingObserver
{
    private readonly SimulatedCluster _cluster;
    private readonly SimulatedProcessor _node;
    private readonly int _life;
    private readonly Queue<Submission> _waiting = [];
    private readonly List<SubmittedMessage> _accepted = [];
    private readonly List<(RingId Ring, SubmittedMessage Message)> _sentAhead = [];
    private long _numbered;
    private RingId _sendRing;

    public ProcessorJournal(SimulatedCluster cluster, SimulatedProcessor node)
    {
        _cluster = cluster;
        _node = node;
        _life = node.Life;
    }

    /// <summary>Messages the application wants to send and the engine has no room for yet.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>Messages the engine has accepted.</summary>
    public int AcceptedCount => _accepted.Count;

    /// <summary>Messages the engine has put on a ring.</summary>
    public int SentCount { get; private set; }

    /// <summary>The last regular configuration the application was told of, and null after a
    /// transitional one.</summary>
    public Configuration? Regular { get; private set; }

    /// <summary>The last configuration of either kind.</summary>
    public Configuration? Last { get; private set; }

    /// <summary>How many messages of the ring <see cref="Regular"/> the application was handed.</summary>
    public int DeliveredHere { get; private set; }

    /// <summary>How many messages were put on <paramref name="ring"/> here, if it is the last ring
    /// anything was put on.</summary>
    public int SentOn(RingId ring) => ring == _sendRing ? SentHere : 0;

    private int SentHere { get; set; }

    public void Enqueue(in Submission submission) => _waiting.Enqueue(submission);

    /// <summary>Hands in what waits, as far as there is room; true when the engine took anything.</summary>
    public bool SubmitWaiting(RingProcessor engine)
    {
        var took = false;
        while (_waiting.TryPeek(out var next))
        {
            var id = new MessageId(_node.Id, _life, _numbered + 1);
            ReadOnlySpan<byte> payload = next.Payload ?? _cluster.Memory.Payload.AsSpan(0, next.LengthBytes);
            // Entered before it is submitted: an engine that holds the token may send it at once.
            _accepted.Add(next.Payload is null
                ? _cluster.Ledger.Compose(id, next.Guarantee, _cluster.Memory.Payload.AsSpan(0, next.LengthBytes))
                : MessageLedger.Describe(id, next.Guarantee, payload));
            var result = engine.TrySubmit(payload, next.Guarantee, _cluster.Now);
            if (result != SubmitResult.Accepted)
            {
                _accepted.RemoveAt(_accepted.Count - 1);
                if (result == SubmitResult.NotRunning)
                    _waiting.Clear();
                return took;
            }

            took = true;
            _numbered++;
            _waiting.Dequeue();
        }

        return took;
    }

    /// <summary>The application takes everything there is.</summary>
    public void Consume(RingProcessor engine)
    {
        while (engine.TryDeliver(out var delivery))
            Record(delivery);
    }

    /// <summary>The application takes the next element; false when there is none.</summary>
    public bool ConsumeOne(RingProcessor engine)
    {
        if (!engine.TryDeliver(out var delivery))
            return false;
        Record(delivery);
        return true;
    }

    public void RecordStart() => Add(new TraceEvent(TraceEventKind.Start, _node.Id, _life, _cluster.NowTicks));

    /// <summary>
    /// The end of this life, after the last <see cref="Consume"/>. A delivery that the engine had decided counts as
    /// delivered, however late the application: others may rely on an install or a delivery here from the moment it was
    /// decided.
    /// </summary>
    public void RecordFail()
    {
        foreach (var (ring, message) in _sentAhead)
            _cluster.ReportAnomaly("2.1", $"{message.Id} was sent on {ring}, which {_node.Id} never installed");
        _sentAhead.Clear();
        Add(new TraceEvent(TraceEventKind.Fail, _node.Id, _life, _cluster.NowTicks));
    }

    /// <inheritdoc />
    public void OnEvent(in RingEvent ringEvent)
    {
        _cluster.Coverage.Count(ringEvent);
        _cluster.Listener?.OnRingEvent(_cluster.Now, _node.Id, ringEvent);
        if (ringEvent.Kind == RingEventKind.MessageSent)
            RecordSent(ringEvent);
        if (ringEvent.Kind == RingEventKind.GroupMessageSent)
            _node.Groups?.Journal.RecordSent(ringEvent);
        if (ringEvent is { Kind: RingEventKind.MemberSuspected, Reason: GatherReason.MemberFailedToReceive }
            && ringEvent.Peer == _node.Id)
            _cluster.ReportAnomaly("liveness", $"{_node.Id} gives itself up, and the others would take it in again");
        _node.PullTriggers(ringEvent.Kind);
    }

    private void RecordSent(in RingEvent ringEvent)
    {
        if (SentCount == _accepted.Count)
        {
            _cluster.ReportAnomaly("1.2", $"{_node.Id} reports {SentCount + 1} messages sent, of {SentCount} "
                + "submitted");
            return;
        }

        var message = _accepted[SentCount++];
        if (_cluster.Ledger.RecordSent(ringEvent.Ring, ringEvent.Seq, ringEvent.Count, message) is { } anomaly)
            _cluster.ReportAnomaly("1.3", anomaly);
        if (_sendRing != ringEvent.Ring)
        {
            _sendRing = ringEvent.Ring;
            SentHere = 0;
        }

        SentHere++;
        // The engine is ahead of the application: it may send on a ring whose configuration still
        // waits to be delivered.
        if (Regular?.Ring == ringEvent.Ring)
            AddSend(ringEvent.Ring, message);
        else
            _sentAhead.Add((ringEvent.Ring, message));
    }

    /// <summary>The application takes one element of the stream.</summary>
    public void Record(in Delivery delivery)
    {
        if (delivery.Change is { } change)
        {
            RecordInstall(change);
            return;
        }

        var id = _cluster.Ledger.Identify(delivery, out var hash, out var anomaly);
        if (anomaly is not null)
            _cluster.ReportAnomaly("1.2", $"{_node.Id}: {anomaly}");
        if (Regular?.Ring == delivery.Ring)
            DeliveredHere++;
        _cluster.Fold(StableHash.Mix(hash, _node.Id.Value));
        _cluster.Listener?.OnDeliver(_cluster.Now, _node.Id, id, delivery);
        Announce(_node.Knet?.HandleDelivered(delivery.Payload, delivery.Sender));
        Add(new TraceEvent(
            TraceEventKind.Deliver, _node.Id, _life, _cluster.NowTicks, null, id, delivery.Guarantee, hash,
            delivery.Ring));
    }

    private void RecordInstall(ConfigurationChange change)
    {
        var configuration = change.Configuration;
        _cluster.CountInstall(configuration, _node);
        _cluster.Listener?.OnInstall(_cluster.Now, _node.Id, change);
        Add(new TraceEvent(TraceEventKind.Install, _node.Id, _life, _cluster.NowTicks, configuration));
        Last = configuration;
        Regular = configuration.Kind == ConfigurationKind.Regular ? configuration : null;
        DeliveredHere = 0;
        Announce(_node.Knet?.HandleMembers(configuration.Members));
        if (Regular is null)
            return;
        var kept = 0;
        for (var i = 0; i < _sentAhead.Count; i++)
        {
            if (_sentAhead[i].Ring == Regular.Ring)
                AddSend(Regular.Ring, _sentAhead[i].Message);
            else
                _sentAhead[kept++] = _sentAhead[i];
        }

        _sentAhead.RemoveRange(kept, _sentAhead.Count - kept);
    }

    /// <summary>A step in a change of keys is to be multicast.</summary>
    private void Announce(byte[]? step)
    {
        if (step is not null)
            _waiting.Enqueue(new Submission(step.Length, Guarantee.Safe, step));
    }

    private void AddSend(RingId ring, in SubmittedMessage message) => Add(new TraceEvent(
        TraceEventKind.Send, _node.Id, _life, _cluster.NowTicks, null, message.Id, message.Guarantee,
        message.Hash, ring));

    private void Add(TraceEvent traceEvent) => _cluster.Trace.Add(traceEvent);
}
