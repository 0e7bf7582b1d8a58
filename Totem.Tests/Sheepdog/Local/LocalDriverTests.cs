using System.Runtime.Versioning;
using Totem.Sheepdog;

namespace Totem.Tests.Sheepdog.Local;

/// <summary>The driver <c>local</c> on real files.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalDriverTests : LocalConformance
{
    protected override IClusterDriver Create() => ClusterDrivers.Create("local", out _);
}
