using Totem.Transport.Udp.Internal;

namespace Totem.Transport.Udp;

/// <summary>What a member has done since it was started. Each number is exact; together they may be a few datagrams apart.</summary>
/// <param name="DatagramsReceived">Datagrams that were read, probes and strangers' excepted.</param>
/// <param name="BytesReceived">Their bytes.</param>
/// <param name="DatagramsSent">Datagrams handed to the system; a multicast on a unicast ring counts once for each copy.</param>
/// <param name="BytesSent">Their bytes.</param>
/// <param name="DatagramsIgnored">Datagrams of addresses that are no member's.</param>
/// <param name="DatagramsLost">Datagrams that the system did not take, for full buffers or for want of a route.</param>
/// <param name="DatagramsDropped">Datagrams that came and were dropped because a receive buffer was full: at least so many, for a burst that is
/// dropped whole may count once, and only what was read since tells. Linux only.</param>
/// <param name="DatagramsSentTogether">Datagrams that segmentation offload sent, many for the cost of one. Linux only.</param>
/// <param name="DatagramsReceivedTogether">Datagrams that receive offload delivered, many for the cost of one. Linux only.</param>
/// <param name="SegmentationRefused">Sends with segmentation offload that were refused and repeated without it.</param>
/// <param name="MessagesSubmitted">Messages the engine has accepted.</param>
/// <param name="MessagesSent">Of these, multicast whole.</param>
/// <param name="MessagesDelivered">Messages given to the application, own ones included.</param>
/// <param name="BytesDelivered">Their bytes.</param>
/// <param name="MessagesRetransmitted">Frames multicast again because somebody had missed them.</param>
/// <param name="FramesAfterToken">New frames that followed the token of their visit: an accelerated ring.</param>
/// <param name="RetransmitRequests">Frames this member had missed and asked for.</param>
/// <param name="TokenVisits">Visits of the token.</param>
/// <param name="TokensRetransmitted">Tokens sent again.</param>
/// <param name="FramesDiscarded">Frames dropped for whatever reason; the metric tells the reasons apart.</param>
/// <param name="ConfigurationChanges">Regular configurations delivered.</param>
/// <param name="Gathers">Searches for a new ring.</param>
/// <param name="MembersFoundUnreachable">Members whose port was found closed.</param>
/// <param name="StreamFull">Times when the application's unread events stopped the delivery.</param>
/// <param name="Pauses">Times when the ring's thread did not run for half the token timeout or more, though it had meant to.</param>
/// <param name="SequencesNotStored">Ring sequences that were used though storing them failed: the disk wants looking after before a restart.</param>
public sealed record NodeStatistics(
    long DatagramsReceived,
    long BytesReceived,
    long DatagramsSent,
    long BytesSent,
    long DatagramsIgnored,
    long DatagramsLost,
    long DatagramsDropped,
    long DatagramsSentTogether,
    long DatagramsReceivedTogether,
    long SegmentationRefused,
    long MessagesSubmitted,
    long MessagesSent,
    long MessagesDelivered,
    long BytesDelivered,
    long MessagesRetransmitted,
    long FramesAfterToken,
    long RetransmitRequests,
    long TokenVisits,
    long TokensRetransmitted,
    long FramesDiscarded,
    long ConfigurationChanges,
    long Gathers,
    long MembersFoundUnreachable,
    long StreamFull,
    long Pauses,
    long SequencesNotStored)
{
    internal static NodeStatistics Of(NodeCounters counters) => new(
        Volatile.Read(ref counters.DatagramsReceived),
        Volatile.Read(ref counters.BytesReceived),
        Volatile.Read(ref counters.DatagramsSent),
        Volatile.Read(ref counters.BytesSent),
        Volatile.Read(ref counters.DatagramsIgnored),
        Volatile.Read(ref counters.DatagramsLostBySystem),
        Volatile.Read(ref counters.DatagramsDropped),
        Volatile.Read(ref counters.DatagramsSentTogether),
        Volatile.Read(ref counters.DatagramsReceivedTogether),
        Volatile.Read(ref counters.SegmentationRefused),
        Volatile.Read(ref counters.MessagesSubmitted),
        Volatile.Read(ref counters.MessagesSent),
        Volatile.Read(ref counters.MessagesDelivered),
        Volatile.Read(ref counters.BytesDelivered),
        Volatile.Read(ref counters.MessagesRetransmitted),
        Volatile.Read(ref counters.FramesAfterToken),
        Volatile.Read(ref counters.RetransmitRequests),
        Volatile.Read(ref counters.TokenVisits),
        Volatile.Read(ref counters.TokensRetransmitted),
        Volatile.Read(ref counters.FramesDiscarded),
        Volatile.Read(ref counters.ConfigurationChanges),
        Volatile.Read(ref counters.Gathers),
        Volatile.Read(ref counters.MembersFoundUnreachable),
        Volatile.Read(ref counters.StreamFull),
        Volatile.Read(ref counters.Pauses),
        Volatile.Read(ref counters.SequencesNotStored));
}
