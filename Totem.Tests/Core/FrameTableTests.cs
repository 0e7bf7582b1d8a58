using Totem.Core.Diagnostics;
using Totem.Core.Model;
using Totem.Core.Wire;
using Totem.Tests.Core.Wire;

namespace Totem.Tests.Core;

/// <summary>
/// Every frame in every state: docs/design/protocol.md, "What each frame does in each state", row by row. A word that
/// is a discard reason means: counted under it, and no transition.
/// </summary>
public sealed class FrameTableTests
{
    private static readonly ProcessorId Predecessor = new(1);
    private static readonly ProcessorId Member = new(3);
    private static readonly ProcessorId Stranger = new(9);

    private static readonly RingPhase[] Phases =
        [RingPhase.Gather, RingPhase.Commit, RingPhase.Recovery, RingPhase.Operational];

    [Theory]
    // frame of ring sent by gather commit recovery operational
    [InlineData("token",    "current",  "member",   "NotInThisState",   "NotInThisState", "visit",            "visit")]
    [InlineData("token",    "current",  "stranger", "NotInThisState",   "NotInThisState", "AbsurdToken",
             "AbsurdToken")]
    [InlineData("token",    "previous", "member",   "NotInThisState",   "NotInThisState", "StaleRing",
               "StaleRing")]
    [InlineData("token",    "foreign",  "member",   "NotInThisState",   "NotInThisState", "ForeignRing",
             "ForeignRing")]
    [InlineData("token",    "foreign",  "stranger", "NotInThisState",   "NotInThisState", "ForeignRing",
             "ForeignRing")]
    [InlineData("message",  "current",  "member",   "stored",           "StaleRing",      "stored",           "stored")]
    [InlineData("message",  "current",  "stranger", "UnknownProcessor", "StaleRing",      "UnknownProcessor",
        "UnknownProcessor")]
    [InlineData("message",  "previous", "member",   "StaleRing",        "StaleRing",      "StaleRing",
               "StaleRing")]
    [InlineData("message",  "foreign",  "member",   "NotInThisState",   "NotInThisState", "NotInThisState",   "gather")]
    [InlineData("message",  "foreign",  "stranger", "SecondHand",       "NotInThisState", "NotInThisState",
          "SecondHand")]
    [InlineData("merge",    "current",  "member",   "heard",            "heard",          "heard",            "heard")]
    [InlineData("merge",    "previous", "member",   "StaleRing",        "StaleRing",      "StaleRing",
               "StaleRing")]
    [InlineData("merge",    "foreign",  "member",   "NotInThisState",   "NotInThisState", "NotInThisState",   "gather")]
    [InlineData("merge",    "foreign",  "stranger", "asks again",       "NotInThisState", "NotInThisState",   "gather")]
    [InlineData("join",     "current",  "member",   "heard",            "gather",         "gather",           "gather")]
    [InlineData("join",     "previous", "member",   "heard",            "NotInThisState", "NotInThisState",
          "IrrelevantJoin")]
    [InlineData("join",     "foreign",  "member",   "heard",            "gather",         "gather",           "gather")]
    [InlineData("join",     "foreign",  "stranger", "asks again",       "NotInThisState", "NotInThisState",   "gather")]
    [InlineData("farewell", "current",  "member",   "asks again",       "gather",         "gather",           "gather")]
    [InlineData("farewell", "previous", "member",   "asks again",       "NotInThisState", "NotInThisState",
          "IrrelevantJoin")]
    [InlineData("farewell", "foreign",  "stranger", "asks again",       "NotInThisState", "NotInThisState",
          "IrrelevantJoin")]
    [InlineData("commit",   "current",  "member",   "StaleRing",        "StaleRing",      "StaleRing",
               "NotInThisState")]
    [InlineData("commit",   "previous", "member",   "StaleRing",        "StaleRing",      "StaleRing",
               "NotInThisState")]
    [InlineData("commit",   "foreign",  "member",   "commit",           "ForeignRing",    "ForeignRing",
             "NotInThisState")]
    [InlineData("commit",   "foreign",  "stranger", "ForeignRing",      "ForeignRing",    "ForeignRing",
             "NotInThisState")]
    [InlineData("cancel",   "current",  "member",   "NotInThisState",   "NotInThisState", "NotInThisState",   "heard")]
    [InlineData("cancel",   "current",  "stranger", "NotInThisState",   "NotInThisState", "NotInThisState",
          "StaleRing")]
    [InlineData("cancel",   "previous", "member",   "NotInThisState",   "NotInThisState", "NotInThisState",
          "StaleRing")]
    [InlineData("cancel",   "foreign",  "stranger", "NotInThisState",   "NotInThisState", "NotInThisState",
          "ForeignRing")]
    [InlineData("loan",     "current",  "member",   "NotInThisState",   "NotInThisState", "NotInThisState",
          "StaleToken")]
    [InlineData("loan",     "current",  "stranger", "NotInThisState",   "NotInThisState", "NotInThisState",
          "UnknownProcessor")]
    [InlineData("loan",     "previous", "member",   "NotInThisState",   "NotInThisState", "NotInThisState",
          "StaleRing")]
    [InlineData("loan",     "foreign",  "stranger", "NotInThisState",   "NotInThisState", "NotInThisState",
          "ForeignRing")]
    [InlineData("return",   "current",  "member",   "NotInThisState",   "NotInThisState", "NotInThisState",
          "StaleToken")]
    [InlineData("return",   "foreign",  "stranger", "NotInThisState",   "NotInThisState", "NotInThisState",
          "ForeignRing")]
    public void Each_frame_does_in_each_state_what_the_table_says(
        string frame, string ring, string by, string gather, string commit, string recovery, string operational)
    {
        var expected = new[] { gather, commit, recovery, operational };
        var actual = Phases.Select(phase => Outcome(StoppedProcessor.In(phase), frame, ring, by)).ToArray();

        Assert.Equal(expected, actual);
    }

    private static string Outcome(StoppedProcessor stopped, string frame, string ring, string by)
    {
        var phase = stopped.Engine.Phase;
        var discards = stopped.Events.Discards.ToArray();
        var visits = stopped.Events[RingEventKind.TokenVisit];
        var gathers = stopped.Events[RingEventKind.EnteredGather];
        var forged = Forge(stopped, frame, ring, by);
        stopped.Take(forged);

        if (stopped.Events[RingEventKind.EnteredGather] > gathers || stopped.Engine.Phase != phase)
            return stopped.Engine.Phase.ToString().ToLowerInvariant();
        if (Discarded(stopped, discards) is { } reason)
            return reason.ToString();
        if (stopped.Events[RingEventKind.TokenVisit] > visits)
            return "visit";
        if (stopped.Sent.Contains(FrameKind.Join))
            return "asks again";
        if (frame != "message")
            return "heard";
        stopped.Take(forged);
        return Discarded(stopped, discards) == DiscardReason.Duplicate ? "stored" : "heard";
    }

    private static DiscardReason? Discarded(StoppedProcessor stopped, int[] before)
    {
        for (var i = 0; i < before.Length; i++)
        {
            if (stopped.Events.Discards[i] > before[i])
                return (DiscardReason)i;
        }

        return null;
    }

    private static AnyFrame Forge(StoppedProcessor stopped, string frame, string ring, string by)
    {
        var isMember = by == "member";
        var sender = isMember ? Member : Stranger;
        var ringId = ring switch
        {
            "current" => stopped.Ring,
            "previous" => stopped.Previous,
            // A member that went on without us, or somebody who was never here.
            _ => new RingId(isMember ? Predecessor : Stranger, stopped.Ring.Sequence + 40),
        };
        return frame switch
        {
            "token" => stopped.Token with
            {
                Token = stopped.Token.Token with { Header =
                    Header(FrameKind.RegularToken, isMember ? Predecessor : Stranger), Ring = ringId },
            },
            "message" => new MessageFrame(
                new RegularMessage(
                    new FrameHeader(FrameKind.RegularMessage, Encapsulation.Regular, sender), sender, new Seq(1), 0,
                    ringId, 0, 0),
                new byte[] { 0, 0, 0, 0, 0, 0, 1, 0, 6, 0, 1, 0, 1, 0, (byte)'t', (byte)'x' }),
            "merge" =>
                new MergeFrame(new MergeDetect(Header(FrameKind.MergeDetect, sender), sender, ringId), Trailer: null),
            "join" => new JoinFrame(new JoinMessage(
                Header(FrameKind.Join, sender), sender, ringId.Sequence, StoppedProcessor.Members.With(sender),
                ProcessorSet.Empty)),
            "farewell" => new JoinFrame(new JoinMessage(
                Header(FrameKind.Join, ProcessorId.None), sender, ringId.Sequence,
                StoppedProcessor.Members.Without(sender), ProcessorSet.Of(sender))),
            "commit" => Commit(ringId, isMember),
            "loan" or "return" => new LoanFrame(new TokenLoan(
                Header(FrameKind.TokenLoan, sender), ringId, new TokenSeq(1_000_000), 1, new Seq(1), 5,
                frame == "return", HasMore: false)),
            _ => new HoldCancelFrame(new HoldCancel(Header(FrameKind.HoldCancel, sender), ringId)),
        };
    }

    /// <summary>A commit token on its first way round, filled in by the representative only.</summary>
    private static CommitFrame Commit(RingId ring, bool isMember)
    {
        var members = isMember ? StoppedProcessor.Members : StoppedProcessor.Members.With(Stranger);
        var token = new CommitToken(
            Header(FrameKind.CommitToken, isMember ? Predecessor : Stranger), new TokenSeq(1),
            ring with { Representative = Predecessor }, 0, 1, members, new CommitEntry[members.Count]);
        token.Entries[0] = new CommitEntry(new RingId(Predecessor, 1), default, default, ReceivedFlag: true);
        return new CommitFrame(token);
    }

    private static FrameHeader Header(FrameKind kind, ProcessorId node) => new(kind, Encapsulation.None, node);
}
