using System.Runtime.Versioning;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.Local;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>The driver <c>local</c> on real files.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalDriverTests : DriverConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override string? Option => _directory.Path;

    protected override IClusterDriver Create() => ClusterDrivers.Create("local", out _);

    protected override void Kill(IClusterDriver driver) => ((LocalDriver)driver).Kill();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _directory.Dispose();
    }
}
