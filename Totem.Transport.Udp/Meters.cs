using System.Diagnostics.Metrics;
using Totem.Core.Diagnostics;
using Totem.Core.Model;

namespace Totem.Transport.Udp;

/// <summary>The meter <c>Totem</c>: what all members of this process do together. Tags come only from enumerations.</summary>
internal static class Meters
{
    public const string Name = "Totem";

    private static readonly Meter Meter = new(Name);

    /// <summary>Boxed once: a tag must not allocate for each discarded frame.</summary>
    private static readonly object[] DiscardTags = [.. Enum.GetNames<DiscardReason>()];
    private static readonly object[] GatherTags = [.. Enum.GetNames<GatherReason>()];

    private static readonly Histogram<double> TokenRotationDuration = Meter.CreateHistogram<double>(
        "totem.token.rotation.duration", "s", "Time between two visits of the token.");

    private static readonly Counter<long> MessagesDelivered = Meter.CreateCounter<long>(
        "totem.messages.delivered", "{message}", "Messages given to the application.");

    private static readonly Counter<long> MessagesSent = Meter.CreateCounter<long>(
        "totem.messages.sent", "{message}", "Messages of this process that were multicast whole.");

    private static readonly Counter<long> MessagesRetransmitted = Meter.CreateCounter<long>(
        "totem.messages.retransmitted", "{message}", "Frames multicast again because somebody had missed them.");

    private static readonly Counter<long> TokensRetransmitted = Meter.CreateCounter<long>(
        "totem.tokens.retransmitted", "{token}", "Tokens sent again because nothing showed that they had arrived.");

    private static readonly Counter<long> FramesDiscarded = Meter.CreateCounter<long>(
        "totem.frames.discarded", "{frame}", "Frames dropped, by reason.");

    private static readonly Counter<long> MembershipChanges = Meter.CreateCounter<long>(
        "totem.membership.changes", "{change}", "Regular configurations delivered.");

    private static readonly Counter<long> Gathers = Meter.CreateCounter<long>(
        "totem.membership.gathers", "{gather}", "Searches for a new ring, by reason.");

    private static readonly Counter<long> MembersUnreachable = Meter.CreateCounter<long>(
        "totem.members.unreachable", "{member}", "Members whose port was found closed.");

    private static readonly Histogram<double> PauseDuration = Meter.CreateHistogram<double>(
        "totem.pause.duration", "s", "Times for which a member's process stood still, though it had meant to run.");

    private static readonly Counter<long> SequencesNotStored = Meter.CreateCounter<long>(
        "totem.sequences.unstored", "{sequence}", "Ring sequences used though storing them failed.");

    public static void TokenVisited(TimeSpan sinceLastVisit) => TokenRotationDuration.Record(sinceLastVisit.TotalSeconds);

    public static void Delivered(long messages) => MessagesDelivered.Add(messages);

    public static void Sent() => MessagesSent.Add(1);

    public static void Retransmitted() => MessagesRetransmitted.Add(1);

    public static void TokenRetransmitted() => TokensRetransmitted.Add(1);

    public static void Discarded(DiscardReason reason)
        => FramesDiscarded.Add(1, new KeyValuePair<string, object?>("reason", DiscardTags[(int)reason]));

    public static void MembershipChanged() => MembershipChanges.Add(1);

    public static void Gathering(GatherReason reason)
        => Gathers.Add(1, new KeyValuePair<string, object?>("reason", GatherTags[(int)reason]));

    public static void Paused(TimeSpan length) => PauseDuration.Record(length.TotalSeconds);

    public static void SequenceNotStored() => SequencesNotStored.Add(1);

    public static void Unreachable() => MembersUnreachable.Add(1);
}
