using Totem.Core.Diagnostics;

namespace Totem.Core.Ordering;

/// <summary>Makes receive windows and takes them back, so that a processor that changes rings often
/// does not allocate.</summary>
internal sealed class ReceiveWindows(FrameBuffers buffers, int capacity, long bytesMax)
{
    /// <summary>The rings that the application may lag behind, the ring that is and the ring to be.</summary>
    private const int SpareMax = 128;

    private readonly Stack<ReceiveWindow> _spare = new();

    public ReceiveWindow Rent(Seq first)
    {
        if (!_spare.TryPop(out var window))
            return new ReceiveWindow(buffers, capacity, bytesMax, first);
        window.Restart(first);
        Invariant.That(window.Released == window.High, "a new ring begins with an empty window");
        return window;
    }

    public void Return(ReceiveWindow window)
    {
        window.Clear();
        Invariant.That(window.Aru == window.High, "a window that is given back is empty");
        Invariant.That(_spare.Count < SpareMax, "no more windows are given back than there are rings");
        _spare.Push(window);
    }
}
