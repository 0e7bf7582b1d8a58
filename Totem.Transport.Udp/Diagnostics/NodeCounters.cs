namespace Totem.Transport.Udp.Diagnostics;

/// <summary>
/// Counted by the ring's thread alone; other threads read them as they are at that moment, each exact, together perhaps
/// a few datagrams apart.
/// </summary>
internal sealed class NodeCounters
{
    public long DatagramsReceived;
    public long BytesReceived;
    public long DatagramsSent;
    public long BytesSent;
    public long DatagramsIgnored;
    public long DatagramsLostBySystem;
    public long DatagramsDropped;
    public long DatagramsSentTogether;
    public long DatagramsReceivedTogether;
    public long SegmentationRefused;

    /// <summary>System calls that send and that receive, on the Linux path; tests and measurements
    /// look at them.</summary>
    public long SendCalls;
    public long ReceiveCalls;
    public long MessagesSubmitted;
    public long MessagesSent;
    public long MessagesDelivered;
    public long BytesDelivered;
    public long MessagesRetransmitted;
    public long FramesAfterToken;
    public long RetransmitRequests;
    public long TokenVisits;
    public long TokensRetransmitted;
    public long FramesDiscarded;
    public long ConfigurationChanges;
    public long Gathers;
    public long MembersFoundUnreachable;
    public long StreamFull;
    public long Pauses;

    /// <summary>Ring sequences used though storing them failed.</summary>
    public long SequencesNotStored;

    /// <summary>How things are rather than what has happened: members of the installed configuration, 1 on a ring that
    /// carries messages, messages that wait for the token, frames that may be sent in a rotation.</summary>
    public long Members;
    public long IsOperational;
    public long Backlog;
    public long Window;

    /// <summary>The time as the ring's thread read it last, in ticks of its clock; the protocol's state; and since
    /// when.</summary>
    public long Now;
    public long Phase;
    public long PhaseSince;
}
