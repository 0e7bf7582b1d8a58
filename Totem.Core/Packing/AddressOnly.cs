using Totem.Core.Ordering;

namespace Totem.Core.Packing;

/// <summary>The envelopes of a ring without process groups: the address and nothing else.</summary>
internal sealed class AddressOnly : IEnvelopes
{
    public int BytesOf(in Envelope envelope) => MessageAddress.Of(envelope.Channel).Length;

    public void Write(in Envelope envelope, int payloadBytes, Span<byte> destination) =>
        MessageAddress.Of(envelope.Channel).CopyTo(destination);
}
