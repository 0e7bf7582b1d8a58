using Totem.Core.Model;

namespace Totem.Core.Ordering;

/// <summary>Makes receive windows and takes them back, so that a processor that changes rings often does not allocate.</summary>
internal sealed class ReceiveWindows(FrameBuffers buffers, int capacity, long bytesMax)
{
    private readonly Stack<ReceiveWindow> _spare = new();

    public ReceiveWindow Rent(Seq first)
    {
        if (!_spare.TryPop(out var window))
            return new ReceiveWindow(buffers, capacity, bytesMax, first);
        window.Restart(first);
        return window;
    }

    public void Return(ReceiveWindow window)
    {
        window.Clear();
        _spare.Push(window);
    }
}
