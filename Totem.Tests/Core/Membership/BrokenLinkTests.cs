using FsCheck;
using FsCheck.Fluent;
using Totem.Core.Membership;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Tests.Core.Model;

namespace Totem.Tests.Core.Membership;

/// <summary>docs/design/protocol.md, "One broken link": of two ends one goes, the same one wherever
/// it is decided.</summary>
public sealed class BrokenLinkTests
{
    private static readonly Instant Now = new(1_000_000_000);
    private static readonly Instant LongAgo = new(0);

    private static readonly Gen<(int Members, (int A, int B)[] Links)> Cuts =
        from members in Gen.Choose(3, 9)
        from count in Gen.Choose(1, 8)
        from links in Gen.Two(Gen.Choose(1, members)).Select(x => (x.Item1, x.Item2)).Where(x => x.Item1 != x.Item2)
            .ArrayOf(count)
        select (members, links);

    [Fact]
    public void All_who_stay_and_know_the_same_links_give_up_the_same_processors() => ModelGen.Holds(Cuts, cut =>
    {
        var ids = Ids(Enumerable.Range(1, cut.Members));
        // Somebody at the end of no link, whom all hear, decides what must be.
        var bystander = Id(100);
        var failed = Gather(bystander, ids.With(bystander), cut.Links).Failed;
        var stay = ids.Except(failed);
        Assert.DoesNotContain(cut.Links, link => stay.Contains(Id(link.A)) && stay.Contains(Id(link.B)));
        Assert.All(stay, id => Assert.Equal(failed, Gather(id, ids, cut.Links).Failed));
        // The losers go on without those whom they do not hear: no ring of theirs can hold one of
        // the others' rings together.
        Assert.All(failed, id => Assert.DoesNotContain(cut.Links, link => link.A == id.Value
            && Gather(id, ids, cut.Links).Candidates.Contains(Id(link.B))));
    });

    [Fact]
    public void Of_a_pair_the_higher_id_goes()
    {
        Assert.Equal(Ids([3]), Gather(Id(1), Ids([1, 2, 3]), [(2, 3)]).Failed);
        Assert.Equal(Ids([3]), Gather(Id(2), Ids([1, 2, 3]), [(3, 2)]).Failed);
    }

    [Fact]
    public void A_processor_that_must_go_itself_gives_up_its_partners_instead() =>
        Assert.Equal(Ids([2]), Gather(Id(3), Ids([1, 2, 3]), [(2, 3)]).Failed);

    [Fact]
    public void Of_a_star_only_its_centre_goes() =>
        Assert.Equal(Ids([1]), Gather(Id(4), Ids([1, 2, 3, 4, 5]), [(1, 2), (3, 1), (1, 5)]).Failed);

    [Fact]
    public void A_processor_silent_to_another_but_heard_by_us_is_not_dead_but_cut_off_from_it()
    {
        var gather = Gather(Id(1), Ids([1, 2, 3]), []);
        gather.Joined(Id(2), Now);
        gather.Joined(Id(3), Now);
        // 2 gives 3 up because it does not hear it; we do: their link is broken, and 3 is the higher.
        Assert.Equal(JoinOutcome.Changed, Apply(gather, from: 2, failed: [3], silent: [3]));
        Assert.Equal(Ids([3]), gather.Failed);
        Assert.Contains(new BrokenLink(Id(2), Id(3)), gather.Broken);
    }

    [Fact]
    public void A_processor_that_the_loser_gives_up_in_turn_does_not_count()
    {
        var gather = Gather(Id(1), Ids([1, 2, 3]), []);
        gather.Joined(Id(2), Now);
        gather.Joined(Id(3), Now);
        Apply(gather, from: 3, failed: [2], silent: [2]);
        Assert.Equal(Ids([3]), gather.Failed);
    }

    [Fact]
    public void A_processor_silent_to_both_of_us_is_given_up()
    {
        var gather = Gather(Id(1), Ids([1, 2, 3]), []);
        gather.Joined(Id(2), Now);
        Apply(gather, from: 2, failed: [3], silent: [3]);
        Assert.Equal(Ids([3]), gather.Failed);
        Assert.Empty(gather.Broken);
    }

    [Fact]
    public void A_processor_that_gives_us_up_is_given_up_in_retaliation_and_that_is_not_adopted_by_others()
    {
        var loser = Gather(Id(3), Ids([1, 2, 3]), []);
        Apply(loser, from: 2, failed: [3], silent: [3], self: 3);
        Assert.Equal(Ids([2]), loser.Failed);
        Assert.Contains(new BrokenLink(Id(2), Id(3)), loser.Broken);

        var bystander = Gather(Id(1), Ids([1, 2, 3]), [(2, 3)]);
        Assert.Equal(JoinOutcome.Ignored, Apply(bystander, from: 3, failed: [2], silent: []));
        Assert.Equal(Ids([3]), bystander.Failed);
    }

    [Fact]
    public void A_list_without_reasons_counts_only_from_a_member_of_our_last_ring()
    {
        var gather = Gather(Id(1), Ids([1, 2, 3]), []);
        Assert.Equal(JoinOutcome.Changed,
            JoinRules.Apply(gather, Join(2, [1, 2, 3], [3], null), Id(1), Ids([1, 2, 3]), LongAgo));
        Assert.Equal(Ids([3]), gather.Failed);

        var other = Gather(Id(1), Ids([1, 2, 3]), []);
        JoinRules.Apply(other, Join(2, [1, 2, 3], [3], null), Id(1), Ids([1, 3]), LongAgo);
        Assert.True(other.Failed.IsEmpty);
    }

    [Fact]
    public void Equal_sets_are_agreement_and_new_ones_must_be_agreed_anew()
    {
        var gather = Gather(Id(1), Ids([1, 2]), []);
        Assert.Equal(
            JoinOutcome.Agreed, JoinRules.Apply(gather, Join(2, [1, 2], [], null), Id(1), Ids([1, 2]), LongAgo));
        Assert.True(gather.HasConsensus);
        Assert.Equal(
            JoinOutcome.Changed, JoinRules.Apply(gather, Join(2, [1, 2, 4], [], null), Id(1), Ids([1, 2]), LongAgo));
        gather.ForgetAgreement();
        Assert.False(gather.HasConsensus);
        Assert.Equal(Ids([1, 2, 4]), gather.Candidates);
    }

    [Fact]
    public void Those_who_do_not_answer_are_failed_and_only_those_never_heard_are_called_silent()
    {
        var gather = Gather(Id(1), Ids([1, 2, 3, 4]), []);
        gather.Agree(Id(2));
        gather.Joined(Id(3), Now);
        Assert.Equal(Ids([3, 4]), gather.FailTheSilent(Now));
        Assert.Equal(Ids([4]), gather.Silent);
        Assert.True(gather.HasConsensus);
    }

    private static JoinOutcome Apply(GatherState gather, int from, int[] failed, int[] silent, int self = 1) =>
        JoinRules.Apply(
        gather, Join(from, [1, 2, 3], failed, new JoinTrailer(Ids(silent), [], ProcessorSet.Empty)), Id(self),
        Ids([1, 2, 3]), LongAgo);

    private static JoinMessage Join(int from, int[] proposed, int[] failed, JoinTrailer? trailer) =>
        new(new FrameHeader(FrameKind.Join, Encapsulation.None, Id(from)), Id(from), 9, Ids(proposed),
            Ids(failed)) { Trailer = trailer };

    private static GatherState Gather(ProcessorId self, ProcessorSet proposed, (int A, int B)[] links)
    {
        var gather = new GatherState(self, proposed, ProcessorSet.Empty, LongAgo);
        foreach (var (a, b) in links)
            gather.TryBreak(new BrokenLink(Id(a), Id(b)));
        gather.ResolveBrokenLinks();
        return gather;
    }

    private static ProcessorId Id(int id) => new((uint)id);

    private static ProcessorSet Ids(IEnumerable<int> ids) => ProcessorSet.Of([.. ids.Select(Id)]);
}
