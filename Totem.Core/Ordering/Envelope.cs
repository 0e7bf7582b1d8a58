namespace Totem.Core.Ordering;

/// <summary>The readers that a message is for: one of the group names of WIRE §12.2.</summary>
internal enum MessageChannel : byte
{
    /// <summary>Nobody here.</summary>
    None,

    /// <summary>The readers of the ring's own stream; group name <c>t</c>.</summary>
    Ring,

    /// <summary>corosync's services; group name <c>a</c>.</summary>
    Services,

    /// <summary>Service synchronisation; group name <c>sync</c>.</summary>
    Sync,

    /// <summary>Process groups in our own short encoding; group name <c>g</c>.</summary>
    Groups,
}

/// <summary>
/// The parts that must be written before a message, in a form that does not depend on who is on the ring: they become
/// bytes only when the message is packed, because a message may wait in the queue while the ring, and with it the
/// encoding, changes.
/// </summary>
/// <param name="Channel">The readers that the message is for. A message to a group says
/// <see cref="MessageChannel.Groups"/>, whatever encoding it goes out in.</param>
/// <param name="Kind">The kind of message, in the words of the channel.</param>
/// <param name="Detail">Groups: why a member leaves, or which part of a whole this is.</param>
/// <param name="Tag">Groups: which of our memberships sends it.</param>
/// <param name="WholeBytes">Groups: the length of the whole of which this message is a part.</param>
internal readonly record struct Envelope(
    MessageChannel Channel, byte Kind = 0, byte Detail = 0, ushort Tag = 0, uint WholeBytes = 0);

/// <summary>Knows how envelopes are written on the present ring.</summary>
internal interface IEnvelopes
{
    /// <summary>How many bytes this envelope takes; at most <see cref="Envelopes.BytesMax"/>.</summary>
    int BytesOf(in Envelope envelope);

    /// <summary>Writes exactly <see cref="BytesOf"/> bytes.</summary>
    void Write(in Envelope envelope, int payloadBytes, Span<byte> destination);
}

/// <summary>Limits of envelopes.</summary>
internal static class Envelopes
{
    /// <summary>The longest: 5 bytes of group name and the 200 bytes of corosync's partial multicast.</summary>
    public const int BytesMax = 208;
}
