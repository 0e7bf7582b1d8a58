using System.Runtime.Versioning;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.Local;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>The same while segments end all the time, which with the real limits few tests would reach.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalDriverSegmentTests : LocalConformance
{
    protected override IClusterDriver Create() => new LocalDriver { Limits = LocalCluster.Tiny };
}
