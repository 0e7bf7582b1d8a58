using Totem.Cli.Simulations;
using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;

namespace Totem.Tests.Groups;

/// <summary>Groups on the real engine: random processes under random faults, among members of both encodings.</summary>
public sealed class GroupScenarioTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private const int ScenarioCount = 300;

    [Fact]
    public void Every_scenario_with_groups_keeps_every_rule()
    {
        var report = SimulationCampaign.Run(new CampaignOptions
        {
            Groups = true,
            ScenarioCount = ScenarioCount,
            ThreadCount = Math.Min(4, Environment.ProcessorCount),
            ShrinkCount = 1,
        });
        using var text = new StringWriter();
        CampaignText.Write(report, text, isVerbose: false);
        output.WriteLine(text.ToString());
        Assert.True(report.Passed, text.ToString());
        Assert.InRange(report.GroupDeliveryCount, 20L * ScenarioCount, long.MaxValue);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(14)]
    public void The_same_seed_gives_the_same_bytes_from_the_seed_and_from_its_script(ulong seed)
    {
        var drawn = ScenarioGenerator.DrawGroups(seed);
        var read = FaultScript.Parse(drawn.ToString(), "drawn");
        Assert.Equal(drawn.ToString(), read.ToString());
        Assert.Equal(new ScenarioRunner().Run(drawn).Digest, new ScenarioRunner().Run(read).Digest);
    }

    [Fact]
    public void A_send_queue_for_one_message_is_room_enough_to_synchronise()
    {
        // Found by seed 151: a phase of corosync's synchronisation says two things at once.
        const string script = """
            seed 18037219380532305821
            processors 1,2,3
            network latency=470us jitter=0ms store=0ms unreachable=0
            options token=30ms retransmit=7ms hold=4ms join=2ms alone=6ms consensus=36ms merge=6ms fail-to-receive=90ms queue-messages=1
            groups foreign=2
            at 0ms join-group node=2 group=a pid=11
            at 8.798ms start node=3
            end at=8.798ms
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, "script")).Failures);
    }

    [Fact]
    public void A_process_that_missed_a_part_is_not_handed_two_messages_as_one()
    {
        // Found by seed 122713: the last receiver left in the middle of one message and came back
        // in the middle of the next.
        const string script = """
            seed 5807130342907052741
            processors 1,2,3
            network latency=197us jitter=1.766ms store=0ms unreachable=0
            options token=48ms retransmit=11ms hold=7ms join=2ms alone=6ms consensus=57ms merge=9ms fail-to-receive=144ms window=16 per-visit=1 mtu=576 receive-window=64
            groups foreign=1,2,3
            at 0ms join-group node=2 group=a pid=13
            at 0ms join-group node=3 group=a pid=12
            at 4.445ms send-group node=2 group=a pid=13 count=10 size=20 guarantee=Mixed
            at 8.002ms join-group node=3 group=a pid=11
            at 24.198ms send-group node=3 group=a pid=12 count=2 size=10..40000 parts=4 guarantee=Mixed
            at 31.979ms send-group node=3 group=a pid=12 count=2 size=10..40000 parts=4 guarantee=Agreed
            at 45.387ms leave-group node=2 group=a pid=13
            at 205.192ms join-group node=2 group=a pid=12
            end at=205.192ms
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, "script")).Failures);
    }

    [Fact]
    public void A_message_whose_only_part_is_the_whole_is_delivered()
    {
        const string script = """
            seed 1
            processors 1,2
            groups
            at 100ms join-group node=1 group=a pid=11
            at 100ms join-group node=2 group=a pid=11
            at 150ms send-group node=1 group=a pid=11 size=101
            end at=200ms
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, "script")).Failures);
    }

    [Theory]
    [InlineData("processors 1,2\nat 5ms join-group node=1 group=a pid=1\nend at=1s\n", "test: 'at 5ms join-group "
        + "node=1 group=a pid=1' without a line 'groups'")]
    [InlineData("processors 1,2\ngroups foreign=3\nend at=1s\n", "test: foreign=3, expected some of {1, 2}")]
    [InlineData("groups\nat 5ms leave-group node=1 pid=1\nend at=1s\n", "test:2: expected group= with a name of 1 to "
        + "32 characters")]
    public void A_wrong_script_is_refused_with_what_was_expected(string text, string problem)
    {
        var error = Assert.Throws<FormatException>(() => FaultScript.Parse(text, "test"));
        Assert.StartsWith(problem, error.Message, StringComparison.Ordinal);
    }
}
