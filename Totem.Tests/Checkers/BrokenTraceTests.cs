using Totem.Simulation.Checkers;
using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Checkers;

/// <summary>For every rule a trace that breaks it, and breaks no other where that can be.</summary>
public sealed class BrokenTraceTests
{
    private static readonly EvsCheckOptions Quiescent = new() { Quiescent = true };

    [Fact]
    public void Rule_1_1_a_life_goes_on_after_its_failure() => Breaks(["1.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Sends("a").Delivers("a").Fails().Sends("b")
            .But(x => x with { Ring = ForgedTrace.RingOf("1.4") }),
        // The send after the failure stands in no configuration: it has no install before it in a life of its own.
        alsoAllowed: "2.1");

    [Fact]
    public void Rule_1_1_an_incarnation_is_used_twice() => Breaks(["1.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Fails()
        .Starts().But(x => x with { Incarnation = 1 }).Installs("1.8", 1).But(x => x with { Incarnation = 1 }));

    [Fact]
    public void Rule_1_1_a_trace_without_a_start() => Breaks(["1.1"], new ForgedTrace()
        .At(1).Installs("1.4", 1));

    /// <summary>1.2 falls with it: on a cycle some send comes after its delivery. So does 5: b's
    /// cause a is missing where b goes first.</summary>
    [Fact]
    public void Rule_1_1_each_of_two_messages_answers_the_other() =>
        Breaks(["1.1", "1.2", "5", "6.1", "6.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Delivers("b").Sends("a").Delivers("a")
        .At(2).Starts().Installs("1.4", 1, 2).Delivers("a").Sends("b").Delivers("b"));

    [Fact]
    public void Rule_1_2_nobody_sent_it() => Breaks(["1.2"], Pair()
        .At(1).Sends("a").Delivers("a").But(x => x with { Message = x.Message with { Number = 99 } })
        .At(2).Delivers("a").But(x => x with { Message = x.Message with { Number = 99 } }));

    [Fact]
    public void Rule_1_2_other_bytes() => Breaks(["1.2"], Pair()
        .At(1).Sends("a").Delivers("a")
        .At(2).Delivers("a").But(x => x with { PayloadHash = 7 }));

    [Fact]
    public void Rule_1_2_another_guarantee() => Breaks(["1.2"], Pair()
        .At(1).Sends("a").Delivers("a")
        .At(2).Delivers("a").But(x => x with { Guarantee = Guarantee.Safe }));

    [Fact]
    public void Rule_1_2_sent_on_another_ring() => Breaks(["1.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Sends("a").Fails()
        .At(2).Starts().Installs("2.8", 2).Delivers("a").But(x => x with { Ring = ForgedTrace.RingOf("2.8") }));

    [Fact]
    public void Rule_1_2_sent_under_another_name() => Breaks(["1.2"], Pair()
        .At(1).Sends("a").But(x => x with { Message = x.Message with { Sender = new ProcessorId(2) } }));

    [Fact]
    public void Rule_1_2_delivered_by_its_sender_before_it_is_sent() => Breaks(["1.1", "1.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Delivers("a").Sends("a"));

    [Fact]
    public void Rule_1_3_sent_twice() => Breaks(["1.3"], Pair()
        .At(1).Sends("a").Sends("a").Delivers("a")
        .At(2).Delivers("a"));

    [Fact]
    public void Rule_1_3_delivered_twice() => Breaks(["1.3"], Pair()
        .At(1).Sends("a b").Delivers("a b a")
        .At(2).Delivers("a b"));

    [Fact]
    public void Rule_2_1_delivered_too_late_by_everybody() => Breaks(["2.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3).Sends("a").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3).Moves("1.4>2.8", 2, 3).Installs("2.8", 2, 3).Delivers("a")
        .At(3).Starts().Installs("1.4", 1, 2, 3).Moves("1.4>2.8", 2, 3).Installs("2.8", 2, 3).Delivers("a"));

    [Fact]
    public void Rule_2_1_sent_in_a_transitional_configuration() => Breaks(["2.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Moves("1.4>1.8", 1).Sends("a").Delivers("a").Installs("1.8", 1));

    [Fact]
    public void Rule_2_1_sent_before_any_configuration() => Breaks(["2.1"], new ForgedTrace()
        .At(1).Starts().Sends("a"));

    [Fact]
    public void Rule_2_2_members_differ() => Breaks(["2.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2, 3));

    [Fact]
    public void Rule_2_2_installed_by_somebody_else() => Breaks(["2.2"], new ForgedTrace()
        .At(1).Starts().Installs("2.4", 2, 3));

    /// <summary>
    /// Three rings so far apart that each is circularly later than the one before, all the way round: 2.4 is content at
    /// both processors, and yet each ring comes before the other. 6.1 orders installs too, so it falls with 2.3.
    /// </summary>
    [Fact]
    public void Rule_2_3_installs_in_opposite_order() => Breaks(["2.3", "6.1"], new ForgedTrace()
        .At(1).Starts().Installs(RingA, 1, 2).Moves($"{RingA}>{RingB}", 1).Installs(RingB, 1)
            .Moves($"{RingB}>{RingC}", 1).Installs(RingC, 1, 2)
        .At(2).Starts().Installs(RingC, 1, 2).Moves($"{RingC}>{RingA}", 2).Installs(RingA, 1, 2));

    /// <summary>The message carries "1.4 is installed" to a processor that installs it later; that
    /// it may not deliver it yet is 2.1.</summary>
    [Fact]
    public void Rule_2_3_a_message_comes_before_the_configuration_it_was_sent_in() =>
        Breaks(["2.1", "2.3"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a")
        .At(2).Starts().Delivers("a").Installs("1.4", 1, 2));

    [Fact]
    public void Rule_2_4_no_transitional_configuration_between() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Installs("1.8", 1));

    [Fact]
    public void Rule_2_4_two_transitional_configurations() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Moves("1.4>1.8", 1).Moves("1.4>1.12", 1).Installs("1.12", 1));

    [Fact]
    public void Rule_2_4_a_life_begins_with_a_transitional_configuration() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Moves("1.4>1.8", 1).Installs("1.8", 1));

    [Fact]
    public void Rule_2_4_ring_sequence_goes_back() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.8", 1).Moves("1.8>1.4", 1).Installs("1.4", 1));

    [Fact]
    public void Rule_2_4_ring_sequence_goes_back_over_a_crash() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.8", 1).Fails().Starts().Installs("1.4", 1));

    [Fact]
    public void Rule_2_4_ring_sequence_goes_back_in_a_transition_that_is_cut() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.8", 1).Moves("1.8>1.4", 1));

    [Fact]
    public void Rule_2_4_a_stranger_in_a_transitional_configuration() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Moves("1.4>1.8", 1, 2).Installs("1.8", 1, 2));

    [Fact]
    public void Rule_2_4_a_member_of_a_transitional_configuration_is_not_on_the_next_ring() =>
        Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Moves("1.4>1.8", 1, 2).Installs("1.8", 1));

    [Fact]
    public void Rule_2_4_the_transitional_configuration_names_other_rings() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Moves("1.8>1.12", 1).Installs("1.12", 1).Moves("1.12>1.16", 1)
        .Installs("1.20", 1));

    [Fact]
    public void Rule_2_4_a_restarted_member_is_said_to_come_along() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Moves("1.4>1.8", 1, 2).Installs("1.8", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2).Fails().Starts().Installs("1.8", 1, 2));

    [Fact]
    public void Rule_2_4_who_comes_along_never_was_there() => Breaks(["2.4"], new ForgedTrace()
        .At(1).Starts().Installs("1.8", 1, 2).Moves("1.8>1.12", 1, 2).Installs("1.12", 1, 2)
        .At(2).Starts().Installs("2.4", 2).Moves("2.4>2.16", 2).Installs("2.16", 2));

    [Fact]
    public void Rule_2_5_the_ring_is_too_small() => Breaks(["2.5"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1)
        .At(2).Starts().Installs("2.4", 2),
        Expecting(ForgedTrace.SetOf(1, 2)));

    [Fact]
    public void Rule_2_5_two_rings_of_the_same_members() => Breaks(["2.5"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2)
        .At(2).Starts().Installs("1.8", 1, 2),
        Expecting(ForgedTrace.SetOf(1, 2)));

    [Fact]
    public void Rule_2_5_one_is_still_between_two_rings() => Breaks(["2.5"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Moves("1.4>1.8", 1),
        Expecting(ForgedTrace.SetOf(1)));

    [Fact]
    public void Rule_2_5_a_member_is_dead_and_another_was_never_seen() => Breaks(["2.5"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Fails(),
        Expecting(ForgedTrace.SetOf(1), ForgedTrace.SetOf(9)));

    [Fact]
    public void Rule_3_a_sender_goes_on_without_its_own_message() => Breaks(["3"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Sends("a").Moves("1.4>1.8", 1).Installs("1.8", 1));

    [Fact]
    public void Rule_3_a_quiet_end_without_its_own_message() => Breaks(["3"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Sends("a"),
        Quiescent);

    [Fact]
    public void Rule_4_one_of_two_that_go_on_together_delivers_more() => Breaks(["4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3).Delivers("a").Moves("1.4>1.8", 1, 2).Installs("1.8", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2, 3).Moves("1.4>1.8", 1, 2).Installs("1.8", 1, 2)
        .At(3).Starts().Installs("1.4", 1, 2, 3).Sends("a").Fails());

    [Fact]
    public void Rule_4_regular_at_one_and_transitional_at_the_other() => Breaks(["4"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a").Moves("1.4>1.8", 1, 2).Installs("1.8", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2).Moves("1.4>1.8", 1, 2).Delivers("a").Installs("1.8", 1, 2),
        // Delivery and install are ordered one way at 1 and the other way at 2.
        alsoAllowed: "6.1");

    [Fact]
    public void Rule_4_a_quiet_end_with_different_deliveries() => Breaks(["4"], Pair()
        .At(1).Sends("a").Delivers("a"),
        Quiescent);

    [Fact]
    public void Rule_5_an_answer_without_its_question() => Breaks(["5"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3).Sends("a").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3).Delivers("a").Sends("b").Fails()
        .At(3).Starts().Installs("1.4", 1, 2, 3).Delivers("b"));

    /// <summary>For 3, the sender of a is gone; but who answered delivered a, is a member, and had
    /// not b before it: 6.2.</summary>
    [Fact]
    public void Rule_5_an_answer_before_its_question() => Breaks(["5", "6.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3).Sends("a").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3).Delivers("a").Sends("b").Fails()
        .At(3).Starts().Installs("1.4", 1, 2, 3).Moves("1.4>3.8", 3).Delivers("b a").Installs("3.8", 3));

    [Fact]
    public void Rule_5_two_messages_of_one_sender() => Breaks(["5"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a b").Fails()
        .At(2).Starts().Installs("1.4", 1, 2).Delivers("b"));

    /// <summary>Both receivers are in transitional configurations without the senders: 6.2 asks
    /// nothing, the order is all that is broken.</summary>
    [Fact]
    public void Rule_6_1_two_messages_in_two_orders() => Breaks(["6.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4).Sends("a").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4).Sends("b").Fails()
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>3.8", 3).Delivers("a b").Installs("3.8", 3)
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>4.8", 4).Delivers("b a").Installs("4.8", 4));

    [Fact]
    public void Rule_6_1_a_circle_of_three() => Breaks(["6.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4, 5, 6).Sends("a").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4, 5, 6).Sends("b").Fails()
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4, 5, 6).Sends("c").Fails()
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4, 5, 6).Moves("1.4>4.8", 4).Delivers("a b").Installs("4.8", 4)
        .At(5).Starts().Installs("1.4", 1, 2, 3, 4, 5, 6).Moves("1.4>5.8", 5).Delivers("b c").Installs("5.8", 5)
        .At(6).Starts().Installs("1.4", 1, 2, 3, 4, 5, 6).Moves("1.4>6.8", 6).Delivers("c a").Installs("6.8", 6));

    [Fact]
    public void Rule_6_2_a_hole_of_a_member() => Breaks(["6.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4).Sends("a")
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4).Sends("b")
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4).Delivers("a b")
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4).Delivers("b"));

    [Fact]
    public void Rule_6_2_a_hole_of_a_member_of_the_transitional_configuration() => Breaks(["6.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4).Sends("a")
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4).Sends("b").Fails()
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4).Delivers("a b").Fails()
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>1.8", 1, 4).Delivers("b"));

    /// <summary>An event that one had before, the other has after: 6.1 cannot hold either.</summary>
    [Fact]
    public void Rule_6_2_in_the_other_order() => Breaks(["6.1", "6.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4).Sends("a")
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4).Sends("b")
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4).Delivers("a b")
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4).Delivers("b a"));

    [Fact]
    public void Rule_7_1_a_member_goes_on_without_a_safe_message() => Breaks(["7.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).SendsSafe("s").Delivers("s").Fails()
        .At(2).Starts().Installs("1.4", 1, 2).Moves("1.4>2.8", 2).Installs("2.8", 2));

    [Fact]
    public void Rule_7_1_who_promised_in_recovery_forgets_after_a_second_failure() => Breaks(["7.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4).SendsSafe("s").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>2.8", 2, 3).Delivers("s").Installs("2.8", 2, 3)
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>3.12", 3, 4).Installs("3.12", 3, 4)
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>3.12", 3, 4).Installs("3.12", 3, 4));

    [Fact]
    public void Rule_7_1_a_quiet_end_without_a_safe_message() => Breaks(["7.1"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).SendsSafe("s").Delivers("s").Fails()
        .At(2).Starts().Installs("1.4", 1, 2),
        Quiescent);

    [Fact]
    public void Rule_7_2_a_member_has_not_installed_the_configuration() => Breaks(["7.2"], new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).SendsSafe("s").Delivers("s")
        .At(2).Starts().Installs("2.4", 2));

    private const string RingA = "1.4";
    private static readonly string RingB = $"1.{4 + ((ulong)long.MaxValue / 4 * 3)}";
    private static readonly string RingC = $"1.{4 + ((ulong)long.MaxValue / 4 * 6)}";

    private static ForgedTrace Pair() => new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2);

    private static EvsCheckOptions Expecting(params ProcessorSet[] components) =>
        new() { ExpectedComponents = components };

    private static void Breaks(
        string[] rules, ForgedTrace trace, EvsCheckOptions? options = null, string? alsoAllowed = null)
    {
        var report = trace.Check(options);
        Assert.Equal(alsoAllowed is null ? rules : [.. rules.Append(alsoAllowed).Order(StringComparer.Ordinal)],
            report.BrokenRules);
        Assert.All(report.Violations, x => Assert.False(string.IsNullOrEmpty(x.Explanation)));
        Assert.Throws<EvsBrokenException>(report.ThrowIfBroken);
    }
}
