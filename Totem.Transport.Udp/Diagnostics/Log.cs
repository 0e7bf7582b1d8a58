using System.Net;
using Microsoft.Extensions.Logging;
using Totem.Core.Model;

namespace Totem.Transport.Udp.Diagnostics;

/// <summary>
/// Every line this project logs. Event ids are stable: 1000 life of a member, 2000 membership, 3000 tokens and frames,
/// 4000 what stops a member.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(
        1000, LogLevel.Information, "Node {Self} starts: {Kind} at {Local}, {Path}, ring sequence {Sequence}")]
    public static partial void Started(
        ILogger logger, ProcessorId self, UdpTransportKind kind, string local, DatagramPath path, ulong sequence);

    [LoggerMessage(1001, LogLevel.Information, "Node {Self} has left")]
    public static partial void LeftRing(ILogger logger, ProcessorId self);

    [LoggerMessage(
        1002, LogLevel.Warning, "The kernel granted smaller buffers than asked for, bursts may be lost: {Buffers}")]
    public static partial void SmallBuffers(ILogger logger, string buffers);

    [LoggerMessage(1003, LogLevel.Warning, "{Notice}")]
    public static partial void ConfigurationNotice(ILogger logger, string notice);

    [LoggerMessage(1004, LogLevel.Warning, "Node {Self} leaves before every member had what it sent, after {Waited}; "
        + "{Count} messages were not multicast")]
    public static partial void FlushTimedOut(ILogger logger, ProcessorId self, int count, TimeSpan waited);

    [LoggerMessage(1005, LogLevel.Information, "Segmentation offload was refused on the way from {Local}: such "
        + "datagrams are sent one by one")]
    public static partial void SegmentationRefused(ILogger logger, string local);

    [LoggerMessage(1006, LogLevel.Warning, "Node {Self} stood still for {Seconds:0.00} s: its process was stopped or "
        + "not scheduled, or a delivery handler did not return ({Count} such pauses since the last report)")]
    public static partial void StoodStill(ILogger logger, ProcessorId self, double seconds, long count);

    [LoggerMessage(1007, LogLevel.Warning, "Node {Self} runs without real-time scheduling ({Reason}): on a busy "
        + "host it can be late with the token and look dead. Grant CAP_SYS_NICE or a real-time priority of {Priority} "
        + "(LimitRTPRIO=, ulimit -r)")]
    public static partial void NoRealTime(ILogger logger, ProcessorId self, string reason, int priority);

    [LoggerMessage(1008, LogLevel.Warning, "Node {Self} does not run with niceness {Niceness}: {Reason}. Grant "
        + "CAP_SYS_NICE or LimitNICE=")]
    public static partial void NoNiceness(ILogger logger, ProcessorId self, int niceness, string reason);

    [LoggerMessage(1010, LogLevel.Warning, "Node {Self} of the cluster {Cluster} ignores datagrams from {Source}, "
        + "which says it is {Claimed}: {Expected} ({Count} so far, told once a minute)")]
    public static partial void IgnoredSender(
        ILogger logger, ProcessorId self, string cluster, long count, string source, string claimed, string expected);

    [LoggerMessage(1011, LogLevel.Error, "Node {Self} ignores datagrams that come from its own address {Source} and "
        + "that it did not send: another process or host claims to be this node, such as a corosync daemon with the "
        + "same configuration; stop one of the two. Told once")]
    public static partial void OwnAddress(ILogger logger, ProcessorId self, string source);

    [LoggerMessage(1012, LogLevel.Warning, "Node {Peer} of this loopback ring is a stranger: {Process}. Another port "
        + "or name keeps rings apart")]
    public static partial void Stranger(ILogger logger, ProcessorId peer, string process);

    [LoggerMessage(1009, LogLevel.Warning, "Node {Self} is cut off: no interface has the address {Local} any more. The "
        + "group {Group} is joined again when there is one")]
    public static partial void InterfaceGone(ILogger logger, ProcessorId self, string local, IPAddress group);

    [LoggerMessage(
        1013, LogLevel.Warning, "Node {Self} has an interface for {Local} again: the group {Group} is {Done} again")]
    public static partial void InterfaceBack(
        ILogger logger, ProcessorId self, string local, IPAddress group, string done);

    [LoggerMessage(1020, LogLevel.Information, "Node {Self}: link {Link} to node {Peer} is up")]
    public static partial void LinkUp(ILogger logger, ProcessorId self, int link, int peer);

    [LoggerMessage(1021, LogLevel.Warning, "Node {Self}: link {Link} to node {Peer} is down: {Cause}")]
    public static partial void LinkDown(ILogger logger, ProcessorId self, int link, int peer, string cause);

    [LoggerMessage(1022, LogLevel.Warning, "Node {Self} cannot reach node {Peer} on any link")]
    public static partial void PeerUnreachable(ILogger logger, ProcessorId self, int peer);

    [LoggerMessage(1023, LogLevel.Debug, "Node {Self}: link {Link} to node {Peer} carries packets of {Bytes} bytes")]
    public static partial void PathMtu(ILogger logger, ProcessorId self, int link, int peer, int bytes);

    [LoggerMessage(1024, LogLevel.Debug, "Node {Self} cuts messages into pieces of {Bytes} bytes")]
    public static partial void DataSize(ILogger logger, ProcessorId self, int bytes);

    [LoggerMessage(1025, LogLevel.Error, "Node {Self} cannot read the messages of node {Peer}: it compresses with "
        + "method {Method}, expected none or zlib (knet_compression_model). Told once")]
    public static partial void UnknownCompression(ILogger logger, ProcessorId self, int peer, int method);

    [LoggerMessage(1026, LogLevel.Warning, "Node {Self} has dropped {Count} packets from configured addresses that no "
        + "key of ours opens: another key or cipher there, or somebody who has none (told once a minute)")]
    public static partial void NotAuthentic(ILogger logger, ProcessorId self, long count);

    [LoggerMessage(1027, LogLevel.Information, "Node {Self}: node {Peer} speaks the format of our own, which refuses "
        + "what is repeated")]
    public static partial void PeerProven(ILogger logger, ProcessorId self, int peer);

    [LoggerMessage(1028, LogLevel.Debug, "Node {Self}: node {Peer} is another process now")]
    public static partial void PeerRestarted(ILogger logger, ProcessorId self, int peer);

    [LoggerMessage(1029, LogLevel.Information, "Node {Self} has read its configuration again, as node {Asking} asked "
        + "all to: {Changed}")]
    public static partial void Reloaded(ILogger logger, ProcessorId self, ProcessorId asking, string changed);

    [LoggerMessage(1030, LogLevel.Error, "Node {Self} goes on with the configuration that it had, though node {Asking} "
        + "asked all to read theirs again, and will be cut off if the others change keys: {Failure}")]
    public static partial void ReloadFailed(ILogger logger, ProcessorId self, ProcessorId asking, string failure);

    [LoggerMessage(1031, LogLevel.Warning, "Node {Self} does not show itself to `totem status`: {Reason}. Another "
        + "TOTEM_RUN_DIR may do; with TOTEM_RUN_DIR=none it does not try")]
    public static partial void NoStatusSocket(ILogger logger, ProcessorId self, string reason);

    [LoggerMessage(2009, LogLevel.Information, "Node {Self} on its new ring: {Why}")]
    public static partial void Why(ILogger logger, ProcessorId self, string why);
    [LoggerMessage(1032, LogLevel.Warning, "Node {Self} keeps {Kept}, until it is started again")]
    public static partial void ReloadKeeps(ILogger logger, ProcessorId self, string kept);

    [LoggerMessage(2000, LogLevel.Information, "Node {Self} installed {Configuration}: {Cause}")]
    public static partial void Installed(
        ILogger logger, ProcessorId self, Configuration configuration, ConfigurationCause cause);

    [LoggerMessage(2001, LogLevel.Debug, "Node {Self} gathers on ring {Ring}: {Reason} (node {Peer})")]
    public static partial void Gathering(
        ILogger logger, ProcessorId self, RingId ring, GatherReason reason, ProcessorId peer);

    [LoggerMessage(2002, LogLevel.Debug, "Node {Self} enters {Phase} of ring {Ring} ({Count})")]
    public static partial void Entered(ILogger logger, ProcessorId self, string phase, RingId ring, int count);

    [LoggerMessage(2003, LogLevel.Warning, "Nobody listens at the port of node {Peer} any more")]
    public static partial void Unreachable(ILogger logger, ProcessorId peer);

    [LoggerMessage(2004, LogLevel.Warning, "Node {Peer} does not hear node {OtherPeer}, though somebody hears both")]
    public static partial void LinkBroken(ILogger logger, ProcessorId peer, ProcessorId otherPeer);

    [LoggerMessage(2005, LogLevel.Debug, "Node {Peer} is suspected: {Reason}")]
    public static partial void Suspected(ILogger logger, ProcessorId peer, GatherReason reason);

    [LoggerMessage(
        2006, LogLevel.Warning, "Ring {Ring} ended with a hole at seq {Seq}: nobody who came along has that message")]
    public static partial void Hole(ILogger logger, RingId ring, Seq seq);

    [LoggerMessage(2007, LogLevel.Warning, "The application of node {Self} is {Count} configuration changes behind: "
        + "the node leaves")]
    public static partial void ApplicationTooSlow(ILogger logger, ProcessorId self, int count);

    [LoggerMessage(
        2008, LogLevel.Debug, "Message {Seq} of node {Peer} on ring {Ring} is withheld: it lies behind a hole")]
    public static partial void Withheld(ILogger logger, Seq seq, ProcessorId peer, RingId ring);

    [LoggerMessage(3000, LogLevel.Warning, "Node {Self} lost the token of ring {Ring}: {Reason}")]
    public static partial void TokenLost(ILogger logger, ProcessorId self, RingId ring, GatherReason reason);

    [LoggerMessage(3001, LogLevel.Warning, "{Count} frames discarded since the last report, the latest as "
        + "{Reason}{Detail} from node {Peer}")]
    public static partial void Discarded(ILogger logger, long count, string reason, string detail, ProcessorId peer);

    [LoggerMessage(3002, LogLevel.Debug, "Token {TokenSeq} sent to node {Peer} again")]
    public static partial void TokenRetransmitted(ILogger logger, TokenSeq tokenSeq, ProcessorId peer);

    [LoggerMessage(3003, LogLevel.Trace, "Token {TokenSeq} of ring {Ring} at seq {Seq}, {Count} messages multicast")]
    public static partial void TokenVisit(ILogger logger, TokenSeq tokenSeq, RingId ring, Seq seq, int count);

    [LoggerMessage(3004, LogLevel.Warning, "The application does not read its events: the ring waits for node {Self}")]
    public static partial void StreamFull(ILogger logger, ProcessorId self);

    [LoggerMessage(3006, LogLevel.Warning, "The application of node {Self} has not taken what waits for it for "
        + "{Waited}: the node leaves the others, so that they need not wait, and comes back when it has caught up")]
    public static partial void StandsAside(ILogger logger, ProcessorId self, TimeSpan waited);

    [LoggerMessage(
        3007, LogLevel.Information, "The application of node {Self} has caught up: the node looks for the others")]
    public static partial void ReadsAgain(ILogger logger, ProcessorId self);

    [LoggerMessage(4002, LogLevel.Error, "Node {Self} cannot store ring sequence {Sequence} and goes on without: "
        + "{Reason}. Make room or mend the file before it is started again")]
    public static partial void SequenceNotStored(ILogger logger, ProcessorId self, ulong sequence, string reason);

    [LoggerMessage(4000, LogLevel.Error, "Node {Self} stops: {Reason}")]
    public static partial void Failed(ILogger logger, ProcessorId self, string reason, Exception exception);

    [LoggerMessage(4001, LogLevel.Error, "Node {Self} is told to stop: {Reason}")]
    public static partial void KillRequested(ILogger logger, ProcessorId self, string reason);

    [LoggerMessage(3005, LogLevel.Information, "Node {Self} is used for groups only: what is sent to the ring as a "
        + "whole is dropped from now on")]
    public static partial void StreamDropped(ILogger logger, ProcessorId self);
}
