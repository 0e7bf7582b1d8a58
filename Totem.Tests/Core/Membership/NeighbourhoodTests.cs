using Totem.Core.Membership;
using Totem.Core.Time;
using Totem.Core.Wire;
using Totem.Simulation.Model;

namespace Totem.Tests.Core.Membership;

/// <summary>The news that keeps two rings apart, and the news that brings them together again.</summary>
public sealed class NeighbourhoodTests
{
    private static readonly Instant Now = new(TimeSpan.TicksPerHour);
    private static readonly Instant Lately = new(TimeSpan.TicksPerHour - TimeSpan.TicksPerSecond);
    private static readonly ProcessorId Self = new(1);
    private static readonly ProcessorId Peer = new(2);
    private static readonly ProcessorId Stranger = new(9);
    private static readonly ProcessorSet Members = ProcessorSet.Of(Self, Peer);

    private readonly Neighbourhood _links = new(ClusterSetup.FastOptions);

    [Fact]
    public void A_stranger_is_welcome_unless_something_speaks_against_it() =>
        Assert.Equal(Obstacle.None, _links.ObstacleTo(Stranger, Members));

    [Theory]
    [InlineData(2u, 9u)]
    [InlineData(9u, 2u)]
    public void A_link_that_was_broken_when_the_ring_formed_keeps_its_far_end_out(uint listener, uint speaker)
    {
        _links.HandleInstalled(Members, [new BrokenLink(new(listener), new(speaker))]);
        Assert.Equal(Obstacle.MemberLink, _links.ObstacleTo(Stranger, Members));
        Assert.Equal(Obstacle.None, _links.ObstacleTo(new ProcessorId(8), Members));
    }

    [Fact]
    public void A_broken_link_is_forgotten_when_its_listener_says_that_it_hears_the_speaker()
    {
        _links.HandleInstalled(Members, [new BrokenLink(Stranger, Peer)]);
        _links.Told(Peer, new MergeTrailer(ProcessorSet.Of(Stranger), []), Lately);
        Assert.Equal(Obstacle.MemberLink, _links.ObstacleTo(Stranger, Members)); // that was the other direction
        _links.Told(Stranger, new MergeTrailer(ProcessorSet.Of(Peer), []), Lately);
        Assert.Equal(Obstacle.None, _links.ObstacleTo(Stranger, Members));
    }

    [Theory]
    [InlineData(1u, 9u)] // our own links we see ourselves
    [InlineData(1u, 2u)]
    [InlineData(8u, 9u)] // both outside
    public void Only_links_of_others_across_the_edge_of_the_ring_are_remembered(uint listener, uint speaker)
    {
        _links.HandleInstalled(Members, [new BrokenLink(new(listener), new(speaker))]);
        Assert.Equal(Obstacle.None, _links.ObstacleTo(Stranger, Members));
    }

    [Fact]
    public void A_processor_that_excludes_us_cannot_hear_us_until_it_says_otherwise()
    {
        _links.ExcludedBy(Stranger, ProcessorSet.Of(Stranger), Lately);
        Assert.Equal(Obstacle.ItCannotHearUs, _links.ObstacleTo(Stranger, Members));
        _links.Told(Stranger, new MergeTrailer(ProcessorSet.Of(Self), []), Lately);
        Assert.Equal(Obstacle.None, _links.ObstacleTo(Stranger, Members));
    }

    [Fact]
    public void Company_of_a_stranger_that_we_do_not_hear_is_in_the_way_until_we_hear_it()
    {
        _links.ExcludedBy(Stranger, ProcessorSet.Of(Stranger, new(8)), Lately);
        Assert.Equal(Obstacle.OurLinkToItsCompany, _links.ObstacleTo(Stranger, Members));
        _links.Heard(new ProcessorId(8), Now);
        Assert.Equal(Obstacle.ItCannotHearUs, _links.ObstacleTo(Stranger, Members));
    }

    [Fact]
    public void A_merge_detect_with_a_broken_link_of_ours_is_in_the_way_unless_we_hear_the_speaker()
    {
        var trailer = new MergeTrailer(ProcessorSet.Empty, [new BrokenLink(Self, new(8))]);
        _links.Told(Stranger, trailer, Lately);
        Assert.Equal(Obstacle.OurLinkToItsCompany, _links.ObstacleTo(Stranger, Members));
        _links.Heard(new ProcessorId(8), Now);
        _links.Told(Stranger, trailer, Lately);
        Assert.Equal(Obstacle.None, _links.ObstacleTo(Stranger, Members));
    }

    [Fact]
    public void A_processor_that_gives_no_reasons_gets_the_benefit_of_the_doubt()
    {
        _links.ExcludedBy(Stranger, ProcessorSet.Of(Stranger), Lately);
        _links.Told(Stranger, trailer: null, Lately);
        Assert.Equal(Obstacle.None, _links.ObstacleTo(Stranger, Members));
    }

    [Fact]
    public void Hearing_somebody_new_is_news_until_it_is_told()
    {
        _links.Tell(Now);
        Assert.False(_links.HasNews(Now));
        _links.Heard(Stranger, Now);
        Assert.True(_links.HasNews(Now));
        Assert.Equal(ProcessorSet.Of(Stranger), _links.Tell(Now).Heard);
        Assert.False(_links.HasNews(Now));
        Assert.True(_links.HasNews(Now + TimeSpan.FromMinutes(1)), "a telling may be lost: it is repeated");
    }
}
