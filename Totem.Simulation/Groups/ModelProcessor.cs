using System.Text;
using Totem.Core.Diagnostics;
using Totem.Core.Groups;
using Totem.Core.Ordering;
using Totem.Core.Packing;
using Totem.Core.Time;

namespace Totem.Simulation.Groups;

/// <summary>A message that has its place in the model's order.</summary>
internal sealed record ModelMessage(ProcessorId Sender, RingId Ring, byte[] Bytes);

/// <summary>
/// One processor's groups on a model of the ring: two queues whose heads somebody else puts into an
/// order, and no protocol below.
/// </summary>
internal sealed class ModelProcessor : IGroupRing
{
    private readonly Queue<(Envelope Envelope, byte[] Payload)> _regular = new();
    private readonly Queue<(Envelope Envelope, byte[] Payload)> _sync = new();
    private readonly GroupEnvelopes _envelopes;
    private readonly List<string> _log = [];
    private RingId _ring;
    private ProcessorSet _members = ProcessorSet.Empty;
    private bool _isSynchronising = true;

    public ModelProcessor(ProcessorId id, bool isForeign)
    {
        Id = id;
        _envelopes = new GroupEnvelopes(id);
        Layer = new GroupLayer(
            id, new GroupOptions { IsForeign = isForeign }, this, _envelopes, new ObserverGuard(null));
    }

    public ProcessorId Id { get; }

    public GroupLayer Layer { get; }

    public RingId Ring => _ring;

    /// <summary>The ring before this one.</summary>
    public RingId Previous { get; private set; }

    /// <summary>The processes of this processor, as it sees them itself.</summary>
    public IEnumerable<GroupMembership> Own => _envelopes.Memberships.Values;

    /// <summary>It died and was started again.</summary>
    public bool IsFresh { get; init; }

    /// <summary>The events that its processes were told, with a line for each synchronisation.</summary>
    public IReadOnlyList<string> Log => _log;

    /// <summary>Something broke a promise while it was told; null while nothing has.</summary>
    public string? Broken { get; private set; }

    public bool CanAppend => (_isSynchronising ? _sync : _regular).Count > 0;

    /// <summary>The groups and their processes, as this processor knows them.</summary>
    public string Table => string.Join("; ", Layer.Table.Groups
        .Where(x => x.Entries.Count > 0)
        .OrderBy(x => x.Name.ToString(), StringComparer.Ordinal)
        .Select(x => $"{x.Name} {string.Join(' ', x.Members())}"));

    public void ForgetLog() => _log.Clear();

    public GroupMembership Join(string group, uint pid)
    {
        Layer.TryJoin(new GroupName(group), pid, null, default, out var membership);
        return membership!;
    }

    public void Send(GroupMembership membership, string text) =>
        Layer.TrySubmit(membership, Encoding.UTF8.GetBytes(text), Guarantee.Agreed, MessagePart.Whole, 0, default);

    public void Leave(GroupMembership membership) => Layer.TryLeave(membership, GroupChangeReason.Left, default);

    /// <summary>The ring below has installed the next one; this processor's groups may not have
    /// heard of it yet.</summary>
    public void SwitchTo(RingId ring)
    {
        Previous = _ring;
        _ring = ring;
        _sync.Clear();
        _isSynchronising = true;
    }

    public void Install(Configuration configuration)
    {
        if (configuration.Kind == ConfigurationKind.Regular)
            _members = configuration.Members;
        var change = new ConfigurationChange(
            configuration, ProcessorSet.Empty, ProcessorSet.Empty,
            new ConfigurationCause(GatherReason.Started, ProcessorSet.Empty, ProcessorId.None, default,
                ProcessorSet.Empty, ProcessorSet.Empty));
        Take(new Delivery(change));
    }

    public ModelMessage Append()
    {
        var (envelope, payload) = (_isSynchronising ? _sync : _regular).Dequeue();
        var bytes = new byte[_envelopes.BytesOf(envelope) + payload.Length];
        _envelopes.Write(envelope, payload.Length, bytes.AsSpan(0, bytes.Length - payload.Length));
        payload.CopyTo(bytes, bytes.Length - payload.Length);
        return new ModelMessage(Id, _ring, bytes);
    }

    public void Deliver(ModelMessage message)
    {
        var channel = MessageAddress.Strip(message.Bytes, swapped: false, out var payload);
        Take(new Delivery(message.Sender, message.Ring, default, 0, Guarantee.Agreed, payload, channel));
    }

    SubmitResult IGroupRing.TrySubmit(
        in Envelope envelope, ReadOnlySpan<byte> payload, Guarantee guarantee, Instant now)
    {
        _regular.Enqueue((envelope, payload.ToArray()));
        return SubmitResult.Accepted;
    }

    void IGroupRing.SubmitSync(RingId ring, MessageChannel channel, ReadOnlySpan<byte> payload, Instant now)
    {
        if (ring == _ring)
            _sync.Enqueue((new Envelope(channel), payload.ToArray()));
    }

    void IGroupRing.EndSynchronisation(RingId ring, Instant now)
    {
        if (ring == _ring)
            _isSynchronising = false;
    }

    private void Take(in Delivery element)
    {
        if (Layer.Handle(element, default, out var delivery))
            Write(delivery);
        while (Layer.TryTake(out delivery))
            Write(delivery);
    }

    private void Write(in GroupDelivery delivery)
    {
        switch (delivery.Kind)
        {
            case GroupDeliveryKind.Message:
                _log.Add($"{delivery.Receivers[0].Group}: {delivery.Sender} says "
                    + $"{Encoding.UTF8.GetString(delivery.Payload)}");
                break;
            case GroupDeliveryKind.Change:
                _log.Add($"{delivery.Change!.Group}: {string.Join(' ', delivery.Change.Members)}");
                if (delivery.Change.Members.Any(x => !_members.Contains(x.Node)))
                    Broken ??= $"{Id} is told of {delivery.Change} in a configuration of {_members}";
                if (delivery.Change.Left.Any(x => x.Reason == GroupChangeReason.ProcessDown))
                    Broken ??= $"{Id} is told of {delivery.Change}, and no process ends without a word here";
                break;
            case GroupDeliveryKind.Transitional:
                _log.Add($"{delivery.Change!.Group}: only {string.Join(' ', delivery.Change.Members)}");
                break;
            case GroupDeliveryKind.Synchronized:
                _log.Add($"ring {delivery.Configuration!.Ring}: {Table}");
                break;
            default:
                break;
        }
    }
}
