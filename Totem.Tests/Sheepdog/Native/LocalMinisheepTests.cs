using Totem.Tests.Processes;
using Totem.Tests.Requirements;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The driver <c>local</c> through <c>sheep/totem.c</c>: an option that names another
/// driver reaches it.</summary>
[Collection(RealProcesses.Name)]
[NeedsNativeTools]
public sealed class LocalMinisheepTests : MinisheepConformance
{
    protected override string Driver => $"totem:local:{State.Path}";
}
