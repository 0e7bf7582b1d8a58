using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Totem.Simulation.Model;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Cluster;

/// <summary>A message that an engine accepted.</summary>
/// <param name="Id">The sender, in which life, and its number there.</param>
/// <param name="LengthBytes">The length of its payload.</param>
/// <param name="Guarantee">The guarantee.</param>
/// <param name="Hash">Over the payload.</param>
/// <param name="CarriesId">True when the payload begins with the id.</param>
internal readonly record struct SubmittedMessage(
    MessageId Id, int LengthBytes, Guarantee Guarantee, ulong Hash, bool CarriesId);

/// <summary>
/// Knows every message of a run twice over: by where its sender put it on a ring (ring, seq, index), and, where the
/// payload is long enough, by the id written into it. Both must agree.
/// </summary>
internal sealed class MessageLedger(ulong seed)
{
    /// <summary>A payload from this length on carries its message's id.</summary>
    public const int IdBytes = 16;

    private readonly Dictionary<(RingId Ring, ulong Place), SubmittedMessage> _byPlace = [];

    /// <summary>Makes up the payload of a message; the same for the same seed and id.</summary>
    public SubmittedMessage Compose(MessageId id, Guarantee guarantee, Span<byte> payload)
    {
        var state = StableHash.Mix(
            StableHash.Mix(seed, id.Sender.Value), ((ulong)id.Incarnation << 40) ^ (ulong)id.Number);
        var words = MemoryMarshal.Cast<byte, ulong>(payload);
        for (var i = 0; i < words.Length; i++)
        {
            var word = StableHash.SplitMix(ref state);
            words[i] = BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
        }

        var tail = StableHash.SplitMix(ref state);
        for (var i = words.Length * sizeof(ulong); i < payload.Length; i++, tail >>= 8)
            payload[i] = (byte)tail;
        if (payload.Length >= IdBytes)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(payload, id.Sender.Value);
            BinaryPrimitives.WriteInt32LittleEndian(payload[4..], id.Incarnation);
            BinaryPrimitives.WriteInt64LittleEndian(payload[8..], id.Number);
        }

        return Describe(id, guarantee, payload) with { CarriesId = payload.Length >= IdBytes };
    }

    /// <summary>The message of a payload that a test wrote itself; it carries no id.</summary>
    public static SubmittedMessage Describe(MessageId id, Guarantee guarantee, ReadOnlySpan<byte> payload) =>
        new(id, payload.Length, guarantee, StableHash.Of(payload), CarriesId: false);

    /// <summary>An engine put a message on a ring. Null, or what is wrong with that.</summary>
    public string? RecordSent(RingId ring, Seq seq, int index, in SubmittedMessage message)
    {
        if (_byPlace.TryAdd((ring, Place(seq, index)), message))
            return null;
        var other = _byPlace[(ring, Place(seq, index))];
        return $"{message.Id} was sent as ({ring}, {seq}, {index}), which is already {other.Id}";
    }

    /// <summary>
    /// Names a delivered message. When nobody sent it, its id has incarnation 0, which no trace contains.
    /// </summary>
    public MessageId Identify(in Delivery delivery, out ulong hash, out string? anomaly)
    {
        hash = StableHash.Of(delivery.Payload);
        var known = _byPlace.TryGetValue((delivery.Ring, Place(delivery.Seq, delivery.Index)), out var message);
        var id = known ? message.Id : new MessageId(delivery.Sender, 0, (long)Place(delivery.Seq, delivery.Index));
        anomaly = null;
        if (!known)
            anomaly = $"nobody sent a message as ({delivery.Ring}, {delivery.Seq}, {delivery.Index})";
        else if (message.Id.Sender != delivery.Sender)
            anomaly = $"{message.Id} is delivered as a message of {delivery.Sender}";
        else if (message.Hash != hash || message.LengthBytes != delivery.Payload.Length)
            anomaly = $"{message.Id} was sent with {message.LengthBytes} bytes, delivered with "
                + $"{delivery.Payload.Length} other bytes";
        else if (message.Guarantee != delivery.Guarantee)
            anomaly = $"{message.Id} was sent as {message.Guarantee}, delivered as {delivery.Guarantee}";
        else if (message.CarriesId && ReadId(delivery.Payload) is var written && written != id)
            anomaly = $"{written} is delivered at the place of {id} ({delivery.Ring}, {delivery.Seq}, "
                + $"{delivery.Index})";
        return id;
    }

    private static MessageId ReadId(ReadOnlySpan<byte> payload) => new(
        new ProcessorId(BinaryPrimitives.ReadUInt32LittleEndian(payload)),
        BinaryPrimitives.ReadInt32LittleEndian(payload[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(payload[8..]));

    // A frame of 64 KiB holds fewer than 2^16 messages.
    private static ulong Place(Seq seq, int index) => ((ulong)seq.Value << 16) | (uint)(index & 0xFFFF);
}
