using System.Runtime.Versioning;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.Local;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>The same while segments end all the time, which with the real limits few tests would reach.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalDriverSegmentTests : DriverConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override string? Option => _directory.Path;

    protected override IClusterDriver Create() => new LocalDriver { Limits = LocalCluster.Tiny };

    protected override void Kill(IClusterDriver driver) => ((LocalDriver)driver).Kill();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _directory.Dispose();
    }
}
