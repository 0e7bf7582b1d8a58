using System.Globalization;
using Totem.Tests.Processes;
using Totem.Tests.Requirements;
using Totem.Tests.Sheepdog.ZooKeeper;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The driver <c>zookeeper</c> through <c>sheep/totem.c</c>, with a real server.</summary>
[Collection(RealProcesses.Name)]
[NeedsNativeToolsAndZooKeeper]
public sealed class ZooKeeperMinisheepTests(SingleServer servers) : MinisheepConformance, IClassFixture<SingleServer>
{
    private readonly string _root = ZooKeeperEnsemble.NewRoot();

    protected override string Driver => string.Create(
        CultureInfo.InvariantCulture, $"totem:zookeeper:127.0.0.1:{servers.Servers[0].Port}{_root},timeout=3000");
}
