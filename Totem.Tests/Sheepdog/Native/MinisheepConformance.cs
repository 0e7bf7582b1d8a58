using Totem.Tests.Sheepdog.Conformance;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>The conformance through <c>sheep/totem.c</c> and the library for C, in processes of a
/// stand-in for sheep.</summary>
public abstract class MinisheepConformance : ProcessConformance
{
    private readonly Dictionary<int, ProcessSheep> _newest = [];

    /// <summary>As sheep's own tests start it: all on one host, an address given.</summary>
    protected override IReadOnlyList<string> Command => [SheepdogBuild.Minisheep, "-c", Driver, "-y", "127.0.0.1"];

    /// <summary>The text behind <c>-c</c>.</summary>
    protected abstract string Driver { get; }

    /// <summary>The files that the test keeps on disk.</summary>
    private protected TemporaryDirectory State { get; } = new();

    /// <summary>It starts faster than the kernel takes a killed process apart, whose port it needs.</summary>
    protected override TestSheep Make(int identity)
    {
        if (_newest.TryGetValue(identity, out var before))
            _ = before.ExitCode;
        return _newest[identity] = (ProcessSheep)base.Make(identity);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        State.Dispose();
    }
}
