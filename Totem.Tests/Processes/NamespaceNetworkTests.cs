using Totem.Tests.Requirements;
using Xunit;

namespace Totem.Tests.Processes;

[Collection(RealProcesses.Name)]
public sealed class NamespaceNetworkTests
{
    [NamespaceFact]
    public void A_network_leaves_nothing_behind()
    {
        var before = SystemCommand.Run("ip netns list");
        using (var network = NamespaceNetwork.Create(3))
        {
            Assert.NotEqual(before, SystemCommand.Run("ip netns list"), StringComparer.Ordinal);
            network.Separate(3);
            network.Heal();
            network.Lose(2, 0.05);
            Assert.Equal(0, network.LoseNothing());
            Assert.Contains("10.77.0.2/24", SystemCommand.Run(string.Join(' ', network.WrapperOf(2))
                + " ip addr show net0"), StringComparison.Ordinal);
        }

        Assert.Equal(before, SystemCommand.Run("ip netns list"));
    }
}
