using Totem.Simulation.Faults;
using Totem.Simulation.Scenarios;

namespace Totem.Tests.Simulation;

/// <summary>Scripts that once broke a rule, as short as they could be made.</summary>
public sealed class FoundBySeedTests
{
    /// <summary>121 lags, so that its old window has no room for what is recovered.</summary>
    internal const string Lagging = """
        seed 5389376162602240046
        processors 121,170,199,227,240,241,1043611975,1638791690,1819969410,2013198394,3296598275,3872196688
        network latency=653us jitter=0ms store=0ms unreachable=0
        options token=74ms retransmit=17ms hold=12ms join=9ms alone=27ms consensus=88ms merge=14ms fail-to-receive=222ms window=18 per-visit=6 receive-window=64
        at 35.555ms submit node=227 count=31 size=0..15 guarantee=Mixed
        at 70.666ms slow node=121 datagram=0ms consume=120.007ms
        at 111.378ms submit node=3296598275 count=3 size=0..30000 guarantee=Safe
        at 136.414ms submit node=241 count=3 size=0..30000 guarantee=Agreed
        at 143.55ms submit node=241 count=23 size=20 guarantee=Mixed
        at 283.736ms start node=240
        end at=357.736ms
        """;

    [Fact]
    public void A_lagging_application_does_not_make_its_member_promise_what_it_cannot_keep()
    {
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(Lagging, nameof(FoundBySeedTests))).Failures);
    }

    /// <summary>Those who had given each other up tore each other's commits, a thousand times a second.</summary>
    [Fact]
    public void Who_commits_does_not_give_way_to_a_member_that_has_given_somebody_up()
    {
        const string script = """
            seed 6490055504547556634
            processors 1,2,3
            network latency=361us jitter=0ms store=956us unreachable=0.34
            options token=44ms retransmit=10ms hold=7ms idle-visits=3 join=2ms alone=6ms consensus=52ms merge=8ms fail-to-receive=44ms receive-window=128 receive-bytes=1048576
            groups
            at 293.714ms submit node=1 count=1 size=20 guarantee=Agreed
            at 293.714ms drop message from=* to=3 count=775
            at 351.313ms delay from=* to=* add=19.966ms
            end at=413.524ms
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, nameof(FoundBySeedTests))).Failures);
    }

    /// <summary>4 does not hear 3, and 2 sent again what 3 had sent: 4 heard that, and formed a ring anew.</summary>
    [Fact]
    public void A_message_that_was_sent_again_does_not_show_that_its_originator_is_heard()
    {
        const string script = """
            seed 9887604379121453702
            processors 1,2,3,4
            network latency=116us jitter=1.349ms store=0ms unreachable=0
            options token=30ms retransmit=7ms hold=4ms idle-visits=30 join=2ms alone=6ms consensus=36ms merge=6ms fail-to-receive=30ms
            groups
            at 0ms join-group node=2 group=a pid=11
            at 0ms join-group node=3 group=c pid=11
            at 0ms join-group node=4 group=c pid=11
            at 30.745ms join-group node=2 group=c pid=11
            at 37.381ms join-group node=3 group=b pid=11
            at 65.171ms join-group node=2 group=b pid=11
            at 99.856ms send-group node=3 group=c pid=11 count=1 size=20 parts=6 guarantee=Agreed
            at 99.856ms crash-at node=3 event=GroupMessageSent nth=2 point=Stored
            at 112.267ms join-group node=1 group=a pid=11
            at 112.267ms send-group node=1 group=a pid=11 count=2 size=1..11 guarantee=Mixed
            at 112.267ms leave-group node=1 group=a pid=11
            at 115.626ms end-process node=2 group=b pid=11
            end at=115.626ms keep=4-3
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, nameof(FoundBySeedTests))).Failures);
    }

    /// <summary>A notice waited for an application that had stopped, and reached a process that was over by then.</summary>
    [Fact]
    public void What_waits_does_not_reach_a_process_that_was_released_meanwhile()
    {
        const string script = """
            seed 8317879084502912701
            processors 1,2,3
            network latency=651us jitter=0ms store=1.955ms unreachable=0
            options token=42ms retransmit=10ms hold=7ms consensus=50ms merge=8ms fail-to-receive=168ms
            groups
            at 0ms join-group node=1 group=b pid=13
            at 0ms join-group node=2 group=b pid=12
            at 0ms join-group node=3 group=a pid=13
            at 22.003ms crash-at node=1 event=GroupMessageSent nth=4 point=AtOnce
            at 49.085ms join-group node=1 group=a pid=13
            at 100.314ms join-group node=3 group=b pid=11
            at 120.726ms join-group node=1 group=b pid=12
            at 183.405ms send-group node=1 group=b pid=12 count=1 size=1 guarantee=Agreed
            at 269ms stop-reader node=3
            at 334.304ms end-process node=3 group=a pid=13
            end at=334.304ms
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, nameof(FoundBySeedTests))).Failures);
    }

    /// <summary>3 lost commit tokens and is left alone; met again, it turns out not to hear 2. That is one change more, and then no other.</summary>
    [Fact]
    public void Who_was_left_alone_is_met_again_across_a_cut_and_then_all_is_calm()
    {
        const string script = """
            seed 14988639472178580121
            processors 1,2,3
            network latency=292us jitter=1.925ms store=0ms unreachable=0
            options token=47ms retransmit=11ms hold=7ms idle-visits=6 join=3ms alone=9ms consensus=56ms merge=9ms fail-to-receive=94ms window=9 per-visit=2 window-max=30 accelerated=30 mtu=3806 queue-messages=20
            stored 2=921104523909
            at 60.809ms drop message from=* to=3 count=72
            at 205.849ms submit node=2 count=1 size=100..3000 guarantee=Mixed
            at 235.199ms cut 1>2
            end at=705ms keep=3-2
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, nameof(FoundBySeedTests))).Failures);
    }

    /// <summary>The same, where the rest ends just when the last change is old enough to count (seed 9539831).</summary>
    [Fact]
    public void A_rest_that_ends_with_the_wait_for_calm_is_waited_for_too()
    {
        const string script = """
            seed 14303798223897986339
            processors 1,2,3
            network latency=292us jitter=1.925ms store=0ms unreachable=0
            options token=47ms retransmit=11ms hold=7ms join=3ms alone=9ms consensus=56ms merge=9ms fail-to-receive=94ms
            at 189.611ms start node=2
            at 235.199ms cut 1>2
            at 631.403ms mend 1>2
            at 650.729ms leave node=2
            at 704.584ms start node=2
            end at=704.584ms keep=3-2
            """;
        Assert.Empty(new ScenarioRunner().Run(FaultScript.Parse(script, nameof(FoundBySeedTests))).Failures);
    }
}
