using Totem.Cli.Workers;
using Xunit;

namespace Totem.Tests.Cli;

public sealed class PortBlockTests
{
    [Fact]
    public void Blocks_that_are_in_use_are_not_given_twice()
    {
        var blocks = Enumerable.Range(0, 20).Select(_ => PortBlock.Take()).ToList();
        try
        {
            Assert.Equal(blocks.Count, blocks.Select(x => x.BasePort).Distinct().Count());
        }
        finally
        {
            blocks.ForEach(x => x.Dispose());
        }
    }
}
