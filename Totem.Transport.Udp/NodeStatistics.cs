using Totem.Transport.Udp.Diagnostics;

namespace Totem;

/// <summary>The counts of a member since it was started. Each number is exact; together they may be a few datagrams
/// apart.</summary>
public sealed record NodeStatistics
{
    /// <summary>Datagrams that were read, probes and strangers' excepted.</summary>
    public long DatagramsReceived { get; init; }

    /// <summary>Their bytes.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Datagrams handed to the system; a multicast on a unicast ring counts once for each copy.</summary>
    public long DatagramsSent { get; init; }

    /// <summary>Their bytes.</summary>
    public long BytesSent { get; init; }

    /// <summary>Datagrams of addresses that are no member's.</summary>
    public long DatagramsIgnored { get; init; }

    /// <summary>Datagrams that the system did not take, for full buffers or for want of a route.</summary>
    public long DatagramsLost { get; init; }

    /// <summary>Datagrams that came and were dropped because a receive buffer was full: at least so many, for a burst
    /// that is dropped whole may count once, and only what was read since tells. Linux only.</summary>
    public long DatagramsDropped { get; init; }

    /// <summary>Datagrams that segmentation offload sent, many for the cost of one. Linux only.</summary>
    public long DatagramsSentTogether { get; init; }

    /// <summary>Datagrams that receive offload delivered, many for the cost of one. Linux only.</summary>
    public long DatagramsReceivedTogether { get; init; }

    /// <summary>Sends with segmentation offload that were refused and repeated without it.</summary>
    public long SegmentationRefused { get; init; }

    /// <summary>Messages the engine has accepted.</summary>
    public long MessagesSubmitted { get; init; }

    /// <summary>Of these, multicast whole.</summary>
    public long MessagesSent { get; init; }

    /// <summary>Messages given to the application, own ones included.</summary>
    public long MessagesDelivered { get; init; }

    /// <summary>Their bytes.</summary>
    public long BytesDelivered { get; init; }

    /// <summary>Frames multicast again because somebody had missed them.</summary>
    public long MessagesRetransmitted { get; init; }

    /// <summary>New frames that followed the token of their visit: an accelerated ring.</summary>
    public long FramesAfterToken { get; init; }

    /// <summary>Frames this member had missed and asked for.</summary>
    public long RetransmitRequests { get; init; }

    /// <summary>Visits of the token.</summary>
    public long TokenVisits { get; init; }

    /// <summary>Tokens sent again.</summary>
    public long TokensRetransmitted { get; init; }

    /// <summary>Frames dropped for whatever reason; the metric tells the reasons apart.</summary>
    public long FramesDiscarded { get; init; }

    /// <summary>Regular configurations delivered.</summary>
    public long ConfigurationChanges { get; init; }

    /// <summary>Searches for a new ring.</summary>
    public long Gathers { get; init; }

    /// <summary>Members whose port was found closed.</summary>
    public long MembersFoundUnreachable { get; init; }

    /// <summary>Times when the application's unread events stopped the delivery.</summary>
    public long StreamFull { get; init; }

    /// <summary>Times when the ring's thread did not run for half the token timeout or more, though it had meant
    /// to.</summary>
    public long Pauses { get; init; }

    /// <summary>Ring sequences that were used though storing them failed: the disk wants looking after before a
    /// restart.</summary>
    public long SequencesNotStored { get; init; }

    internal static NodeStatistics Of(NodeCounters counters) => new()
    {
        DatagramsReceived = Volatile.Read(ref counters.DatagramsReceived),
        BytesReceived = Volatile.Read(ref counters.BytesReceived),
        DatagramsSent = Volatile.Read(ref counters.DatagramsSent),
        BytesSent = Volatile.Read(ref counters.BytesSent),
        DatagramsIgnored = Volatile.Read(ref counters.DatagramsIgnored),
        DatagramsLost = Volatile.Read(ref counters.DatagramsLostBySystem),
        DatagramsDropped = Volatile.Read(ref counters.DatagramsDropped),
        DatagramsSentTogether = Volatile.Read(ref counters.DatagramsSentTogether),
        DatagramsReceivedTogether = Volatile.Read(ref counters.DatagramsReceivedTogether),
        SegmentationRefused = Volatile.Read(ref counters.SegmentationRefused),
        MessagesSubmitted = Volatile.Read(ref counters.MessagesSubmitted),
        MessagesSent = Volatile.Read(ref counters.MessagesSent),
        MessagesDelivered = Volatile.Read(ref counters.MessagesDelivered),
        BytesDelivered = Volatile.Read(ref counters.BytesDelivered),
        MessagesRetransmitted = Volatile.Read(ref counters.MessagesRetransmitted),
        FramesAfterToken = Volatile.Read(ref counters.FramesAfterToken),
        RetransmitRequests = Volatile.Read(ref counters.RetransmitRequests),
        TokenVisits = Volatile.Read(ref counters.TokenVisits),
        TokensRetransmitted = Volatile.Read(ref counters.TokensRetransmitted),
        FramesDiscarded = Volatile.Read(ref counters.FramesDiscarded),
        ConfigurationChanges = Volatile.Read(ref counters.ConfigurationChanges),
        Gathers = Volatile.Read(ref counters.Gathers),
        MembersFoundUnreachable = Volatile.Read(ref counters.MembersFoundUnreachable),
        StreamFull = Volatile.Read(ref counters.StreamFull),
        Pauses = Volatile.Read(ref counters.Pauses),
        SequencesNotStored = Volatile.Read(ref counters.SequencesNotStored),
    };
}
