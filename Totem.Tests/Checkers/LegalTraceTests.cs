using Totem.Simulation.Checkers;
using Xunit;

namespace Totem.Tests.Checkers;

/// <summary>Traces that look odd and break nothing.</summary>
public sealed class LegalTraceTests
{
    [Fact]
    public void Nothing_at_all() => Holds(new ForgedTrace());

    [Fact]
    public void A_processor_that_only_starts() => Holds(new ForgedTrace().At(1).Starts());

    [Fact]
    public void A_message_is_delivered_only_in_transitional_configurations() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3).SendsSafe("s").Moves("1.4>1.8", 1, 2).Delivers("s")
        .Installs("1.8", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2, 3).Moves("1.4>1.8", 1, 2).Delivers("s").Installs("1.8", 1, 2)
        .At(3).Starts().Installs("1.4", 1, 2, 3).Moves("1.4>3.8", 3).Installs("3.8", 3));

    [Fact]
    public void Agreed_in_the_regular_configuration_here_and_in_a_transitional_one_there() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a").Moves("1.4>1.8", 1).Installs("1.8", 1)
        .At(2).Starts().Installs("1.4", 1, 2).Moves("1.4>2.8", 2).Delivers("a").Installs("2.8", 2));

    /// <summary>3 sent h, which only 1 has; 1 went its own way. For 2 and 4 h is a hole, and x of 2
    /// comes behind it.</summary>
    [Fact]
    public void A_sender_outside_the_transitional_set_leaves_a_hole() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4).Delivers("h x").Moves("1.4>1.8", 1).Installs("1.8", 1)
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4).Sends("x").Moves("1.4>2.8", 2, 4).Delivers("x")
        .Installs("2.8", 2, 4)
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4).Sends("h").Fails()
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>2.8", 2, 4).Delivers("x").Installs("2.8", 2, 4));

    [Fact]
    public void Three_rings_merge() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a").Moves("1.4>1.16", 1, 2)
        .Installs("1.16", 1, 2, 3, 4).Sends("d").Delivers("d")
        .At(2).Starts().Installs("1.4", 1, 2).Delivers("a").Moves("1.4>1.16", 1, 2).Installs("1.16", 1, 2, 3, 4)
        .Delivers("d")
        .At(3).Starts().Installs("3.12", 3).Sends("b").Delivers("b").Moves("3.12>1.16", 3).Installs("1.16", 1, 2, 3, 4)
        .Delivers("d")
        .At(4).Starts().Installs("4.8", 4).Moves("4.8>1.16", 4).Installs("1.16", 1, 2, 3, 4).Delivers("d"),
        Ending(ForgedTrace.SetOf(1, 2, 3, 4)));

    /// <summary>2 delivers s in {2, 3, 4}; 3 had promised, the ring failed again, and 3 keeps its
    /// word in {3, 5}.</summary>
    [Fact]
    public void A_promise_is_kept_in_another_transitional_configuration() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4, 5).SendsSafe("s").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4, 5).Moves("1.4>2.8", 2, 3, 4).Delivers("s").Installs("2.8", 2, 3, 4)
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4, 5).Moves("1.4>3.12", 3, 5).Delivers("s").Installs("3.12", 3, 5)
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4, 5).Fails()
        .At(5).Starts().Installs("1.4", 1, 2, 3, 4, 5).Moves("1.4>3.12", 3, 5).Delivers("s").Installs("3.12", 3, 5));

    [Fact]
    public void A_crash_right_after_sending() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).SendsSafe("s").Fails()
        .At(2).Starts().Installs("1.4", 1, 2).Moves("1.4>2.8", 2).Installs("2.8", 2),
        Ending(ForgedTrace.SetOf(2)));

    [Fact]
    public void A_restart_that_the_others_have_not_noticed() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a").Moves("1.4>1.8", 1).Installs("1.8", 1, 2)
        .Delivers("b")
        .At(2).Starts().Installs("1.4", 1, 2).Delivers("a").Starts().Installs("1.8", 1, 2).Sends("b").Delivers("b"),
        Ending(ForgedTrace.SetOf(1, 2)));

    [Fact]
    public void Rings_of_one() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Sends("a").Delivers("a").Moves("1.4>1.8", 1).Installs("1.8", 1)
        .SendsSafe("s").Delivers("s")
        .At(2).Starts().Installs("2.4", 2).SendsSafe("t").Moves("2.4>2.8", 2).Delivers("t").Installs("2.8", 2),
        Ending(ForgedTrace.SetOf(1), ForgedTrace.SetOf(2)));

    [Fact]
    public void Configurations_in_which_nothing_happens() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Moves("1.4>1.8", 1, 2).Installs("1.8", 1, 2).Moves("1.8>1.12", 1, 2)
        .Installs("1.12", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2).Moves("1.4>1.8", 1, 2).Installs("1.8", 1, 2).Moves("1.8>1.12", 1, 2)
        .Installs("1.12", 1, 2));

    [Fact]
    public void The_ring_sequence_wraps() => Holds(new ForgedTrace()
        .At(1).Starts().Installs($"1.{ulong.MaxValue - 3}", 1).Moves($"1.{ulong.MaxValue - 3}>1.0", 1)
        .Installs("1.0", 1)
            .Moves("1.0>1.4", 1).Installs("1.4", 1));

    [Fact]
    public void Cut_in_the_middle_of_a_recovery() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3).Sends("a").SendsSafe("s").Delivers("a s").Moves("1.4>1.8", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2, 3).Sends("b").Delivers("a")
        .At(3).Starts().Installs("1.4", 1, 2, 3));

    [Fact]
    public void Failed_between_two_rings() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).SendsSafe("s").Delivers("s").SendsSafe("t")
            .Moves("1.4>1.8", 1, 2).Delivers("t").Installs("1.8", 1, 2)
        .At(2).Starts().Installs("1.4", 1, 2).Delivers("s").Moves("1.4>1.8", 1, 2).Fails());

    [Fact]
    public void A_member_of_an_agreed_ring_that_never_installed_it() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a").Moves("1.4>1.8", 1).Installs("1.8", 1)
        .At(2).Starts().Installs("2.4", 2).Moves("2.4>2.12", 2).Installs("2.12", 2));

    /// <summary>Behind the hole h of a sender that is gone, a message of another departed sender
    /// may be dropped as well.</summary>
    [Fact]
    public void Messages_behind_a_hole_of_senders_that_are_gone_are_dropped() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2, 3, 4).Sends("h").Fails()
        .At(2).Starts().Installs("1.4", 1, 2, 3, 4).Delivers("h").Sends("x").Delivers("x").Fails()
        .At(3).Starts().Installs("1.4", 1, 2, 3, 4).Sends("y").Moves("1.4>3.8", 3, 4).Delivers("y")
        .Installs("3.8", 3, 4)
        .At(4).Starts().Installs("1.4", 1, 2, 3, 4).Moves("1.4>3.8", 3, 4).Delivers("y").Installs("3.8", 3, 4));

    [Fact]
    public void A_question_of_an_older_ring_binds_nobody_who_was_not_there() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1).Sends("a").Delivers("a").Moves("1.4>1.8", 1).Installs("1.8", 1, 2).Sends("b")
        .Delivers("b")
        .At(2).Starts().Installs("2.4", 2).Moves("2.4>1.8", 2).Installs("1.8", 1, 2).Delivers("b"),
        Ending(ForgedTrace.SetOf(1, 2)));

    [Fact]
    public void A_torn_life_may_have_sent_more_than_it_wrote() => Holds(new ForgedTrace()
        .At(1).Starts().Installs("1.4", 1, 2).Sends("a").Delivers("a")
        .At(2).Starts().Installs("1.4", 1, 2).Delivers("a")
            .Delivers("a").But(x => x with { Message = x.Message with { Number = 2 }, PayloadHash = 5 }),
        new EvsCheckOptions { Quiescent = true, TornLives = [new LifeId(new ProcessorId(1), 1)] });

    private static EvsCheckOptions Ending(params ProcessorSet[] components) =>
        new() { Quiescent = true, ExpectedComponents = components };

    private static void Holds(ForgedTrace trace, EvsCheckOptions? options = null)
    {
        var report = trace.Check(options);
        report.ThrowIfBroken();
        Assert.True(report.Holds);
        Assert.Equal(options?.ExpectedComponents is null ? 14 : 15, report.RulesChecked.Count);
    }
}
