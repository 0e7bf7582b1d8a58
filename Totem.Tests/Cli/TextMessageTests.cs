using System.Text;
using Totem.Cli.Traces;
using Totem.Simulation.Traces;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class TextMessageTests
{
    [Fact]
    public void A_line_names_itself()
    {
        var id = new MessageId(new ProcessorId(3), 2, 17);
        var payload = TextMessage.Compose(id, "hello, 1#1/1 world");
        Assert.True(TextMessage.TryParse(payload, out var read, out var hash));
        Assert.Equal(id, read);
        Assert.Equal(PayloadHash.Of(payload), hash);
        Assert.Equal("hello, 1#1/1 world", Encoding.UTF8.GetString(TextMessage.LineOf(payload)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("hello world")]
    [InlineData("1#1 x")]
    [InlineData("1/1#1 x")]
    [InlineData("#1/1 x")]
    [InlineData("0#1/1 x")]
    [InlineData("1#0/1 x")]
    [InlineData("4294967296#1/1 x")]
    [InlineData("1#-1/1 x")]
    public void Other_lines_are_shown_as_they_are(string line)
    {
        var payload = Encoding.UTF8.GetBytes(line);
        Assert.False(TextMessage.TryParse(payload, out _, out _));
        Assert.Equal(line, Encoding.UTF8.GetString(TextMessage.LineOf(payload)));
    }
}
