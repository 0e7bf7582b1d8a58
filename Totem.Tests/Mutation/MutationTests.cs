namespace Totem.Tests.Mutation;

/// <summary>Each rule that makes delivery exact, broken once: the simulator and the checker must notice.</summary>
public sealed class MutationTests
{
    /// <summary>Scenarios a mutant may survive. All of these are caught within a fraction of it.</summary>
    private const int ScenariosMax = 6000;

    /// <summary>
    /// Nobody but 4 has the first message, and 4 is cut off. 1, 2 and 3 recover what they sent behind that hole; in the
    /// middle of it the next partition strikes, when some have promised to deliver it and 1 perhaps has.
    /// </summary>
    private const string Promises = """
        seed 1
        processors 1,2,3,4
        network latency=200us jitter=0ms store=0ms unreachable=0
        options token=40ms retransmit=9ms hold=6ms idle-visits=4 join=3ms alone=9ms consensus=48ms merge=8ms fail-to-receive=160ms
        at 50ms drop message from=4 to=1 count=200
        at 50ms drop message from=4 to=2 count=200
        at 50ms drop message from=4 to=3 count=200
        at 50ms submit node=4 count=1 size=30..30 guarantee=Agreed
        at 52ms submit node=1 count=1 size=30..30 guarantee=Safe
        at 52ms submit node=2 count=1 size=30..30 guarantee=Safe
        at 52ms submit node=3 count=1 size=30..30 guarantee=Safe
        at 56ms partition 1,2,3|4

        """;

    public static TheoryData<Mutant> Mutants { get; } =
    [
        new("lowers no aru", "Ordering/TokenVisit.cs",
            "if (aru < token.Aru || token.AruSetter == options.Self", "if (token.AruSetter == options.Self",
            "7.1", "3", "4", "engine"),
        new("counts only the frames that have left before the token", "Ordering/TokenVisit.cs",
            "            Seq = seq,\n", "            Seq = _multicastThrough,\n",
            "2.5", "engine"),
        new("takes what may still follow a token for received", "Ordering/TokenVisit.cs",
            "if (aru < token.Aru || token.AruSetter == options.Self",
            "if ((aru < token.Aru && aru < ring.LastSeq) || token.AruSetter == options.Self",
            "7.1", "3", "4", "engine"),
        new("begins behind the frames it has instead of those the token counts", "Ordering/TokenVisit.cs",
            "for (seq = tokenSeq; sent <", "for (seq = ring.Passing == TokenPassing.Plain ? tokenSeq : "
                + "window.High; sent <",
            "1.2", "3", "4", "6.1", "6.2", "7.1", "engine"),
        new("takes one visit for safe", "Ordering/TokenVisit.cs",
            "ring.Log.AdvanceSafe(Seq.Min(Seq.Min(ring.SentAru, aru), ring.Log.Window.Aru));",
            "ring.Log.AdvanceSafe(Seq.Min(aru, ring.Log.Window.Aru));",
            "7.1", "7.2"),
        new("skips the transitional configuration", "Evs/DeliveryStream.cs",
            "_closed.Enqueue(new Item(transitional, Ring: null, default, Obligation: null));", "",
            "2.4"),
        new("drops what lies behind the boundary", "Evs/DeliveryStream.cs",
            "_closed.Enqueue(new Item(Change: null, old, old.Log.Window.High, obligation));", "",
            "3", "4", "7.1"),
        new("delivers everybody's messages behind a hole", "Evs/RingDelivery.cs",
            "!obligation.Contains(window.Source(seq))", "false",
            "5", "6.2", "4"),
        new("delivers safe messages in the old ring without knowing", "Recovery/InstalledRing.cs",
            "&& !(window.IsSafe(boundary.Next) && boundary.Next > highDelivered))", ")",
            "7.1"),
        new("forgets its promise", "RingProcessor.Inputs.cs",
            "old.Obligation = recovery.Obligation;", "old.Obligation = ProcessorSet.Empty;",
            "7.1")
        {
            Script = Promises + """
                at 147.75ms partition 1|2,3|4
                end at=400ms
                """,
        },
        new("keeps its promise to itself", "Recovery/RecoveryState.cs",
            "var note = old.Obligation.IsEmpty ? null : new RecoveryNote(old.Id, old.Obligation);", "RecoveryNote? "
                + "note = null;",
            "4")
        {
            Script = Promises + """
                at 146.7ms drop token from=2 to=3 count=5
                at 146.7ms partition 1|2,3|4
                end at=400ms
                """,
        },
        new("goes on with a cut message on the next ring", "Packing/SendLane.cs",
            "Queue.Rewind();", "",
            "1.2", "3", "4", "6.2", "engine"),
        new("takes late messages while it recovers", "RingProcessor.Inputs.cs",
            "(FrameKind.RegularMessage, GatherState) when _installedRing is { } old && frame.Ring == old.Id =>",
            "(FrameKind.RegularMessage, GatherState or CommitState or RecoveryState) when _installedRing is { } old && "
                + "frame.Ring == old.Id =>",
            "4"),
        new("installs although others lack messages", "Recovery/RecoveryState.cs",
            "_quietVisits >= 3 && _install <= tokenAru ?", "_quietVisits >= 3 ?",
            "4", "7.1", "engine"),
        new("sends before it stores", "RingProcessor.Transitions.cs",
            "PendingStore = _trail.Current.Sequence;", "",
            "store", "2.2", "2.4", "1.1"),
        new("comes back as its old self", "Membership/RingTrail.cs",
            "unchecked(storedRingSequence + 1)", "storedRingSequence",
            "2.1", "2.4", "1.2", "3", "4", "engine"),
        new("never asks for what it lacks", "Ordering/TokenVisit.cs",
            "_requests[_requestCount++] = new RetransmitRequest(ring.Id, seq);", "break;",
            "2.5", "3", "4"),
        new("regroups for a broken link", "Membership/Neighbourhood.cs",
            "return Obstacle.MemberLink;", "return Obstacle.None;",
            "2.5"),
        new("takes an old join of a member for a call", "Membership/MembershipProtocol.cs",
            "(isMember && RingId.IsLater(ring.Id.Sequence, join.RingSequence))", "false",
            "2.5"),
        new("numbers the new ring by its own ring alone", "Membership/RingTrail.cs",
            "unchecked(Highest + SequenceStep)", "unchecked(Current.Sequence + SequenceStep)",
            "2.5"),
        new("gives itself up for failing to receive", "Ordering/TokenHolder.cs",
            "return setter != _options.Self &&", "return setter == _options.Self &&",
            "liveness"),
        new("numbers its own while the token is lent", "Ordering/RestingToken.cs",
            "WorkSince is not null && Loan is null;", "WorkSince is not null;",
            "1.2", "3", "4", "6.1", "6.2", "7.1", "engine"),
        new("begins a loan behind what it has instead of what the lender counts", "Ordering/TokenRest.cs",
            "ring, loan.Seq, (int)", "ring, ring.Log.Window.High, (int)",
            "1.2", "3", "4", "6.1", "6.2", "7.1", "engine"),
        new("keeps the token when somebody asks for it", "Ordering/TokenRest.cs",
            "else if (rest is { Lends: true, Allowance: > 0, WorkSince: null })", "else if (rest.Lends)\n        {\n "
                + "       }\n"
                + "        else if (rest is { Lends: true, Allowance: > 0, WorkSince: null })",
            "liveness"),
        new("keeps the token for good", "Ordering/TokenRest.cs",
            "deadlines.Set(Deadline.TokenHold, rest.Ends);\n        deadlines.Set(Deadline.TokenLoss",
            "deadlines.Set(Deadline.TokenLoss",
            "liveness"),
        new("gives nobody up for failing to receive", "Ordering/TokenHolder.cs",
            "            ? setter\n            : ProcessorId.None;",
            "            ? ProcessorId.None\n            : ProcessorId.None;",
            "liveness"),
    ];

    [Theory]
    [MemberData(nameof(Mutants), DisableDiscoveryEnumeration = true)]
    public void A_broken_rule_is_noticed(Mutant mutant)
    {
        ArgumentNullException.ThrowIfNull(mutant);
        var core = MutatedCore.Compile(mutant);
        if (mutant.Script is { } script)
        {
            Assert.Null(MutatedCore.Compile(mutant: null).BrokenRule(script));
            Assert.Contains(core.BrokenRule(script), mutant.Rules, StringComparer.Ordinal);
            return;
        }

        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 1UL; seed <= ScenariosMax; seed++)
        {
            if (core.BrokenRule(seed) is not { } rule)
                continue;
            if (mutant.Rules.Contains(rule, StringComparer.Ordinal))
                return;
            seen[rule] = seen.GetValueOrDefault(rule) + 1;
        }

        Assert.Fail($"A processor that {mutant.Name} was not noticed under {string.Join(" or ", mutant.Rules)} in "
            + $"{ScenariosMax} scenarios; rules it broke: {string.Join(", ", seen)}.");
    }

    [Fact]
    public void The_core_compiled_the_same_way_without_a_mutation_breaks_nothing()
    {
        var core = MutatedCore.Compile(mutant: null);
        for (var seed = 1UL; seed <= 100; seed++)
            Assert.Null(core.BrokenRule(seed));
    }
}
