using System.Runtime.Versioning;
using Totem.Sheepdog;
using Totem.Sheepdog.Drivers.Local;
using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>The suite over real files.</summary>
[SupportedOSPlatform("linux")]
public abstract class LocalConformance : DriverConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override string? Option => _directory.Path;

    protected override void Kill(IClusterDriver driver) => ((LocalDriver)driver).Kill();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _directory.Dispose();
    }
}
