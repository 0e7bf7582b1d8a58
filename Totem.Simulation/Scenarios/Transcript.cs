using System.Globalization;
using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Simulation.Faults;
using Totem.Simulation.Model;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Scenarios;

/// <summary>The parts of a transcript.</summary>
[Flags]
internal enum TranscriptParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>States entered, suspicions, what recovery found.</summary>
    Membership = 1,

    /// <summary>Configurations that applications are told of.</summary>
    Configurations = 2,

    /// <summary>Messages sent and delivered.</summary>
    Messages = 4,

    /// <summary>Tokens sent again, messages asked for and sent again.</summary>
    Retransmissions = 8,

    /// <summary>Tokens taken, held and let go.</summary>
    Tokens = 16,

    /// <summary>The frames that engines throw away, and why.</summary>
    Discards = 32,

    /// <summary>The datagrams that the network keeps from arriving or breaks.</summary>
    Losses = 64,

    /// <summary>Every datagram.</summary>
    Frames = 128,

    /// <summary>The script's actions.</summary>
    Actions = 256,

    /// <summary>Links of kronosnet that go up and down, and what is learnt of peers.</summary>
    Links = 512,
}

/// <summary>Writes what happens as one line of plain English each: <c>2 repeats token 17 of 1.4 to 3</c>.</summary>
internal sealed class Transcript(TextWriter output, TranscriptParts parts, bool withTime) : ISimulationListener
{
    /// <summary>The parts that are shown; they may change while the run goes on.</summary>
    public TranscriptParts Parts { get; set; } = parts;

    /// <inheritdoc />
    public void OnRingEvent(Instant now, ProcessorId node, in RingEvent ringEvent)
    {
        if (Parts.HasFlag(PartOf(ringEvent.Kind)))
            Write(now, $"{node} {Describe(ringEvent)}");
    }

    /// <inheritdoc />
    public void OnFrame(Instant now, ProcessorId from, ProcessorId to, ReadOnlySpan<byte> frame, FrameFate fate)
    {
        if (!Parts.HasFlag(fate == FrameFate.Sent ? TranscriptParts.Frames : TranscriptParts.Losses))
            return;
        var target = to.IsNone ? "all" : to.ToString();
        var what = fate switch
        {
            FrameFate.Sent => "sends",
            FrameFate.Lost => "lost:",
            FrameFate.CutOff => "cut off:",
            FrameFate.Filtered => "dropped:",
            FrameFate.Held => "held:",
            FrameFate.Duplicated => "duplicated:",
            FrameFate.Corrupted => "corrupted:",
            FrameFate.Overflowed => "buffer full:",
            _ => "nobody there:",
        };
        var text = fate == FrameFate.Corrupted ? $"{frame.Length} bytes" : FrameText.Describe(frame);
        Write(now, fate == FrameFate.Sent ? $"{from} sends {text} to {target}" : $"{what} {text} from {from} to "
            + $"{target}");
    }

    /// <inheritdoc />
    public void OnInstall(Instant now, ProcessorId node, ConfigurationChange change)
    {
        if (Parts.HasFlag(TranscriptParts.Configurations))
            Write(now, $"{node} installs {change.Configuration} ({change.Cause})");
    }

    /// <inheritdoc />
    public void OnDeliver(Instant now, ProcessorId node, MessageId message, in Delivery delivery)
    {
        if (!Parts.HasFlag(TranscriptParts.Messages))
            return;
        var place = delivery.Index == 0 ? $"{delivery.Seq}" : $"{delivery.Seq}+{delivery.Index}";
        Write(now, $"{node} delivers {message} ({NameOf(delivery.Guarantee)}, {delivery.Payload.Length} bytes, "
            + $"{delivery.Ring}:{place})");
    }

    /// <inheritdoc />
    public void OnGroup(Instant now, ProcessorId node, string text)
    {
        if (Parts.HasFlag(TranscriptParts.Messages))
            Write(now, $"{node} {text}");
    }

    /// <inheritdoc />
    public void OnLink(Instant now, ProcessorId node, string text)
    {
        if (Parts.HasFlag(TranscriptParts.Links))
            Write(now, $"{node}: {text}");
    }

    /// <inheritdoc />
    public void OnAction(Instant now, string action)
    {
        if (Parts.HasFlag(TranscriptParts.Actions))
            Write(now, "* " + action);
    }

    private static string Describe(in RingEvent e) => e.Kind switch
    {
        RingEventKind.EnteredGather => $"looks for a new ring, because {InWords(e.Reason, e.Peer)}",
        RingEventKind.EnteredCommit => $"commits to {e.Ring}",
        RingEventKind.EnteredRecovery => $"recovers for {e.Ring} and has {Of(e.Count, "old message")} to send",
        RingEventKind.EnteredOperational => $"is operational on {e.Ring} with {Of(e.Count, "member")}",
        RingEventKind.Left => "leaves for good",
        RingEventKind.TokenVisit => $"takes token {e.TokenSeq} of {e.Ring}: seq {e.Seq}, {e.Count} sent",
        RingEventKind.MulticastAfterToken => $"sends {e.Count} after the token, from {e.Seq} on",
        RingEventKind.TokenRetransmitted => $"repeats token {e.TokenSeq} to {e.Peer}",
        RingEventKind.TokenHeld => "holds the token",
        RingEventKind.HoldCancelled => $"lets the token go{By(e.Peer)}",
        RingEventKind.SentAtRest => $"sends {e.Count} while it holds the token, through {e.Seq}",
        RingEventKind.TokenLent => $"lends the token to {e.Peer}: seq {e.Seq}, {e.Count} at most",
        RingEventKind.TokenBorrowed => $"borrows the token of {e.Peer}: {e.Count} sent, through {e.Seq}",
        RingEventKind.MessageSent => $"sends message {e.Ring}:{e.Seq}+{e.Count}",
        RingEventKind.GroupMessageSent => $"sends group message {e.Ring}:{e.Seq}+{e.Count}",
        RingEventKind.MessageRetransmitted => $"sends {e.Seq} again",
        RingEventKind.RetransmitRequested => $"asks for {Of(e.Count, "message")} from {e.Seq} on",
        RingEventKind.MessageWithheld => $"withholds {e.Seq} of {e.Peer}",
        RingEventKind.HoleInRecovery => $"finds a hole in {e.Ring} at {e.Seq}",
        RingEventKind.ObligationTakenOver => $"takes over the obligation to {e.Count} for {e.Ring}",
        RingEventKind.MemberSuspected => $"suspects {e.Peer}, because {InWords(e.Reason, e.Peer)}",
        RingEventKind.LinkBroken => $"finds the link {e.Peer}-{e.OtherPeer} broken",
        _ when e.Discard == DiscardReason.Malformed => $"discards a frame: {e.Decode}{By(e.Peer)}",
        _ => $"discards a frame: {e.Discard}{By(e.Peer)}",
    };

    private static TranscriptParts PartOf(RingEventKind kind) => kind switch
    {
        RingEventKind.TokenVisit or RingEventKind.MulticastAfterToken or RingEventKind.TokenHeld
            or RingEventKind.HoldCancelled
            or RingEventKind.SentAtRest or RingEventKind.TokenLent or RingEventKind.TokenBorrowed =>
                TranscriptParts.Tokens,
        RingEventKind.TokenRetransmitted or RingEventKind.MessageRetransmitted or RingEventKind.RetransmitRequested =>
            TranscriptParts.Retransmissions,
        RingEventKind.MessageSent or RingEventKind.GroupMessageSent => TranscriptParts.Messages,
        RingEventKind.Discarded => TranscriptParts.Discards,
        _ => TranscriptParts.Membership,
    };

    private static string InWords(GatherReason reason, ProcessorId peer) => reason switch
    {
        GatherReason.Started => "it has just started",
        GatherReason.TokenLost => "the token was lost",
        GatherReason.CommitTokenLost => "the commit token was lost",
        GatherReason.RecoveryTokenLost => "the token was lost in recovery",
        GatherReason.ForeignMessage => $"{peer} speaks on another ring",
        GatherReason.MergeDetected => $"{peer} shows another ring",
        GatherReason.JoinReceived => $"{peer} calls",
        GatherReason.MemberLeft => $"{peer} has said farewell",
        GatherReason.MemberUnreachable => $"nobody listens at the port of {peer}",
        GatherReason.MemberGivenUp => $"{peer} was given up",
        GatherReason.MemberFailedToReceive => $"{peer} does not receive",
        GatherReason.ConsensusTimeout => "not all have answered in time",
        GatherReason.ReaderStopped => "its application has stopped reading",
        GatherReason.StoodStill => "it has stood still",
        _ => reason.ToString(),
    };

    private static string Of(int count, string thing) =>
        count switch { 0 => $"no {thing}", 1 => $"1 {thing}", _ => $"{count} {thing}s" };

    private static string By(ProcessorId peer) => peer.IsNone ? "" : $" by {peer}";

    private static string NameOf(Guarantee guarantee) => guarantee == Guarantee.Safe ? "safe" : "agreed";

    private void Write(Instant now, string text)
    {
        if (withTime)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{now.Ticks / 10_000.0,11:F4} "));
        output.Write(text);
        output.Write('\n');
    }
}

/// <summary>Frames in a few words.</summary>
internal static class FrameText
{
    public static string Describe(ReadOnlySpan<byte> frame)
    {
        if (FrameHeader.TryRead(frame, out var header) != DecodeResult.Ok)
            return $"{frame.Length} bytes that are no frame";
        var name = FrameKindNames.NameOf(header.Kind);
        switch (header.Kind)
        {
            case FrameKind.RegularToken when RegularToken.TryRead(frame, out var token, out _) == DecodeResult.Ok:
                return $"{name} {token.TokenSeq} of {token.Ring} (seq {token.Seq}, aru {token.Aru}"
                    + (token.RequestCount > 0 ? $", {token.RequestCount} requests)" : ")");
            case FrameKind.RegularMessage when RegularMessage.TryRead(frame, out var message) == DecodeResult.Ok:
                var kind = header.Encapsulation == Encapsulation.Encapsulated ? "old message in " : "";
                return $"{kind}{name} {message.Ring}:{message.Seq} of {message.System} ({frame.Length} bytes)";
            case FrameKind.MergeDetect
                when MergeDetect.TryRead(frame, out var detect, out var heard) == DecodeResult.Ok:
                return $"{name} of {detect.Ring}" + (heard is null ? "" : $", heard {heard}");
            case FrameKind.Join when JoinMessage.TryRead(frame, out var join) == DecodeResult.Ok:
                return $"{(join!.IsLeave ? "farewell" : name)} at {join.RingSequence}, {join.Proposed}"
                    + (join.Failed.IsEmpty ? "" : $" without {join.Failed}");
            case FrameKind.CommitToken when CommitToken.TryRead(frame, out var commit) == DecodeResult.Ok:
                return $"{name} of {commit!.Ring} {commit.Members}, {commit.FilledCount} filled in";
            case FrameKind.TokenLoan when TokenLoan.TryRead(frame, out var loan) == DecodeResult.Ok:
                return $"{name} {loan.Number} of token {loan.TokenSeq} of {loan.Ring} (seq {loan.Seq}"
                    + (loan.IsReturned ? ", back)" : $", {loan.Allowance} at most)");
            default:
                return name;
        }
    }
}
