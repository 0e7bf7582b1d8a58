namespace Totem.Transport.Udp.Queues;

/// <summary>The fields that go with the bytes of a message of the ring's stream.</summary>
internal readonly record struct RingEventHeader(
    ProcessorId Sender, RingId Ring, Seq Seq, int Index, Guarantee Guarantee);

/// <summary>The ring's own stream: messages to all members, and configurations.</summary>
internal sealed class RingEventStream(int capacityBytes, Action wake, Func<RingId, ChangeRecord?>? find = null)
    : EventStream<RingEventHeader, TotemEvent>(capacityBytes, wake)
{
    /// <summary>Adds an element. The ring's thread.</summary>
    public void Add(in Delivery delivery) => Add(
        new RingEventHeader(delivery.Sender, delivery.Ring, delivery.Seq, delivery.Index, delivery.Guarantee),
        delivery.Payload, delivery.Change);

    protected override TotemEvent Create(in RingEventHeader header, ReadOnlySpan<byte> payload, object? with)
    {
        var change = (ConfigurationChange?)with;
        return new TotemEvent(
            change, header.Sender, change?.Configuration.Ring ?? header.Ring, header.Guarantee, payload.ToArray(),
            header.Seq, header.Index)
        {
            Why = change is { Configuration: { Kind: ConfigurationKind.Regular, Ring: var ring } }
                ? find?.Invoke(ring) : null,
        };
    }
}
