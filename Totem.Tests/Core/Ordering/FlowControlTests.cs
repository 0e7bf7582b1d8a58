using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Ordering;
using Totem.Tests.Captures;
using Totem.Tests.Core.Model;

namespace Totem.Tests.Core.Ordering;

/// <summary>WIRE §10.4: two sums over all members, shared with corosync.</summary>
public sealed class FlowControlTests
{
    private const int Window = 50;
    private const int PerVisit = 17;

    private static readonly Gen<(int Members, int[] Queued)> Runs =
        from members in Gen.Choose(1, 14)
        from queued in Gen.Frequency((3, Gen.Choose(0, 20)), (1, Gen.Choose(0, 5_000))).ArrayOf(150)
        select (members, queued);

    [Fact]
    public void The_sums_on_the_token_stay_the_sums_of_the_members_and_never_pass_the_window() =>
        ModelGen.Holds(Runs, run =>
    {
        var members = Enumerable.Range(0, run.Members)
            .Select(_ => new FlowControl(Window, PerVisit, run.Members)).ToArray();
        var sent = new int[run.Members];
        var backlog = new int[run.Members];
        (uint Sent, uint Backlog) token = default;
        for (var visit = 0; visit < run.Queued.Length; visit++)
        {
            var holder = visit % run.Members;
            var queued = run.Queued[visit];
            var allowed = members[holder].Allowed(token.Sent, token.Backlog, queued);
            Assert.InRange(allowed, 0, PerVisit);
            (sent[holder], backlog[holder]) = (Math.Min(allowed, queued), queued);
            token = members[holder].Account(token.Sent, token.Backlog, queued, sent[holder], isLossy: false);
            Assert.Equal((uint)sent.Sum(), token.Sent);
            Assert.Equal((uint)backlog.Sum(), token.Backlog);
            // Our own share of the last rotation still counts while we send: that is the most by
            // which the window is passed.
            Assert.InRange(sent.Sum(), 0, Window);
        }
    });

    [Theory]
    [InlineData(0u, 0u, 5, 17)]
    [InlineData(40u, 0u, 5, 10)]
    [InlineData(50u, 0u, 5, 0)]
    [InlineData(51u, 0u, 5, 0)]
    [InlineData(uint.MaxValue, 0u, 5, 0)]
    public void A_member_that_has_sent_nothing_may_send_what_the_window_leaves(
        uint sent, uint backlog, int queued, int expected) =>
        Assert.Equal(expected, new FlowControl(Window, PerVisit, members: 3).Allowed(sent, backlog, queued));

    [Fact]
    public void Under_load_the_window_is_shared_in_proportion_to_the_backlog()
    {
        var flow = new FlowControl(Window, PerVisit, members: 3);
        flow.Account(0, 0, queued: 10, sent: 0, isLossy: false);
        Assert.Equal(5, flow.Allowed(0, backlog: 100, queued: 10)); // 50 · 10 / 100
    }

    [Fact]
    public void A_sum_that_lost_our_share_does_not_wrap_below_zero()
    {
        var flow = new FlowControl(Window, PerVisit, members: 3);
        flow.Account(0, 0, queued: 9, sent: 9, isLossy: false);
        Assert.Equal((3u, 2u), flow.Account(1, 1, queued: 2, sent: 3, isLossy: false));
    }

    [Fact]
    public void Among_ourselves_all_members_together_stay_within_their_windows_and_nobody_is_left_with_nothing() =>
        ModelGen.Holds(Runs, run =>
    {
        var members = Enumerable.Range(0, run.Members)
            .Select(_ => new FlowControl(Window, PerVisit, run.Members)).ToArray();
        foreach (var member in members)
            member.LetGrow(512);
        var sent = new int[run.Members];
        var windows = new int[run.Members];
        (uint Sent, uint Backlog) token = default;
        for (var visit = 0; visit < run.Queued.Length; visit++)
        {
            var holder = visit % run.Members;
            windows[holder] = members[holder].Window.Size;
            var allowed = members[holder].Allowed(token.Sent, token.Backlog, run.Queued[visit]);
            Assert.InRange(allowed, 1, 256);
            sent[holder] = Math.Min(allowed, run.Queued[visit]);
            token = members[holder].Account(
                token.Sent, token.Backlog, run.Queued[visit], sent[holder], isLossy: visit % 37 == 0);
            Assert.Equal((uint)sent.Sum(), token.Sent);
            Assert.InRange(sent.Sum(), 0, windows.Max() + Window);
        }
    });

    [Fact]
    public void A_sender_whose_window_is_behind_the_others_gets_its_share_of_the_first_window()
    {
        var flow = new FlowControl(Window, PerVisit, members: 5);
        flow.LetGrow(512);
        Assert.Equal(10, flow.Allowed(400, 0, queued: 100));
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void The_sums_of_real_rings_never_pass_the_window(string name)
    {
        foreach (var line in Capture.Named(name).Lines.Where(x => x.Kind == "ORF"))
        {
            var fields = line.Fields.Split(' ').Select(x => x.Split('='))
                .ToDictionary(x => x[0], x => x[1], StringComparer.Ordinal);
            Assert.InRange<uint>(uint.Parse(fields["fcc"], CultureInfo.InvariantCulture), 0u, Window);
        }
    }

    public static TheoryData<string> Captures => Capture.Theory;
}
