using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>The command <c>totem sheep</c> in processes of its own, on the ring.</summary>
public sealed class TotemProcessTests : ProcessConformance
{
    private readonly TemporaryDirectory _state = new();
    private readonly int _port = Ports.TakeBase();

    protected override IReadOnlyList<string> Command =>
        ["dotnet", typeof(Totem.Cli.Demos.Demo).Assembly.Location, "sheep", "-c",
            $"totem:port={_port},state={_state.Path}"];

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _state.Dispose();
    }
}
