using Totem.Core.Ordering;

namespace Totem;

/// <summary>
/// One element of the ordered stream: a message, or a configuration change (then <see cref="Change"/> is not null).
/// </summary>
public readonly ref struct Delivery
{
    /// <summary>A configuration change.</summary>
    public Delivery(ConfigurationChange change) => Change = change;

    /// <summary>A message.</summary>
    public Delivery(
        ProcessorId sender, RingId ring, Seq seq, int index, Guarantee guarantee, ReadOnlySpan<byte> payload)
        : this(sender, ring, seq, index, guarantee, payload, MessageChannel.Ring)
    {
    }

    internal Delivery(
        ProcessorId sender, RingId ring, Seq seq, int index, Guarantee guarantee, ReadOnlySpan<byte> payload,
        MessageChannel channel)
    {
        Sender = sender;
        Ring = ring;
        Seq = seq;
        Index = index;
        Guarantee = guarantee;
        Payload = payload;
        Channel = channel;
    }

    /// <summary>The configuration that is installed here, or null for a message.</summary>
    public ConfigurationChange? Change { get; }

    /// <summary>The processor that sent the message.</summary>
    public ProcessorId Sender { get; }

    /// <summary>The ring the message was sent on.</summary>
    public RingId Ring { get; }

    /// <summary>The number of the frame that completed the message; several messages may share one.</summary>
    public Seq Seq { get; }

    /// <summary>The message's place among those that the frame completed, from 0: (ring, seq,
    /// index) names a message.</summary>
    public int Index { get; }

    /// <summary>The guarantee that the sender asked for.</summary>
    public Guarantee Guarantee { get; }

    internal MessageChannel Channel { get; }

    /// <summary>The bytes that were sent. Valid until the next call into the processor; copy what
    /// must live longer.</summary>
    public ReadOnlySpan<byte> Payload { get; }
}
