using Totem.Sheepdog;
using Totem.Sheepdog.Drivers;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>The driver <c>totem</c> on real loopback sockets.</summary>
public sealed class TotemDriverTests : DriverConformance
{
    private readonly TemporaryDirectory _state = new();
    private readonly int _port = Ports.TakeBase();

    protected override string? Option => $"port={_port},state={_state.Path}";

    protected override IClusterDriver Create() => ClusterDrivers.Create("totem", out _);

    protected override void Kill(IClusterDriver driver) => ((TotemDriver)driver).Node!.Host.Kill();

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _state.Dispose();
    }
}
