using System.Runtime.InteropServices;
using Totem.Tests.Sheepdog.ZooKeeper;

namespace Totem.Tests.Requirements;

/// <summary>A test with real ZooKeeper servers and their client library.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ZooKeeperFactAttribute : FactAttribute
{
    public ZooKeeperFactAttribute() => Skip = ZooKeeperTheoryAttribute.Missing();
}

/// <summary>The same, once per row of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ZooKeeperTheoryAttribute : TheoryAttribute
{
    public ZooKeeperTheoryAttribute() => Skip = Missing();

    internal static string? Missing() => Requirement.SkipUnless(
        Requirement.Linux(),
        Requirement.Command("java", "default-jre-headless"),
        Requirement.Installed(ZooKeeperServer.Archive, "zookeeper"),
        NativeLibrary.TryLoad("libzookeeper_mt.so.2", out _) ? null
            : "needs libzookeeper_mt.so.2 (package libzookeeper-mt2)");
}
