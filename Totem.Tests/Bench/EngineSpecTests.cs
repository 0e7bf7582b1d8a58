using Totem.Bench.Load;
using Totem.Bench.Processes;

namespace Totem.Tests.Bench;

/// <summary>Words of the command line.</summary>
public sealed class EngineSpecTests
{
    [Fact]
    public void An_engine_may_name_a_build_and_settings()
    {
        Assert.True(EngineSpec.TryParse("totem@other/build:AcceleratedWindow=20:WindowSize=100", out var engine));
        Assert.Equal((EngineKind.Totem, "totem", "other/build"), (engine.Kind, engine.Name, engine.Directory));
        Assert.Equal(["AcceleratedWindow=20", "WindowSize=100"], engine.Settings);
    }

    [Theory]
    [InlineData("corosync-knet", "Corosync")]
    [InlineData("limit-fanout-gso", "Limit")]
    [InlineData("totem", "Totem")]
    public void An_engine_is_known_by_its_name(string text, string kind)
    {
        Assert.True(EngineSpec.TryParse(text, out var engine));
        Assert.Equal(kind, engine.Kind.ToString());
    }

    [Theory]
    [InlineData("corosync")]
    [InlineData("Totem")]
    [InlineData("")]
    public void A_text_that_is_no_engine_is_refused(string text) => Assert.False(EngineSpec.TryParse(text, out _));

    [Theory]
    [InlineData("closed")]
    [InlineData("turns")]
    [InlineData("saturation")]
    [InlineData("rate:2500")]
    [InlineData("rate:0.5")]
    [InlineData("beside:200")]
    public void A_load_is_written_as_it_is_read(string text)
    {
        Assert.True(LoadShape.TryParse(text, out var load));
        Assert.Equal(text, load.ToString());
    }

    [Theory]
    [InlineData("rate")]
    [InlineData("rate:0")]
    [InlineData("beside:0")]
    [InlineData("rate:-1")]
    [InlineData("rate:1,5")]
    [InlineData("open")]
    public void A_text_that_is_no_load_is_refused(string text) => Assert.False(LoadShape.TryParse(text, out _));
}
