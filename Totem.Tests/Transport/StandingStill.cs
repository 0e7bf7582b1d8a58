using System.Buffers;

namespace Totem.Tests.Transport;

/// <summary>A thread that stands still while it holds a lock, until this is disposed of.</summary>
internal sealed class StandingStill : IDisposable
{
    private readonly ManualResetEventSlim _isInside = new();
    private readonly ManualResetEventSlim _mayGo = new();
    private readonly Thread _thread;

    public StandingStill(Lock gate)
    {
        _thread = new Thread(() =>
        {
            lock (gate)
            {
                _isInside.Set();
                _mayGo.Wait();
            }
        }) { IsBackground = true };
        _thread.Start();
        _isInside.Wait();
    }

    public void Dispose()
    {
        _mayGo.Set();
        _thread.Join();
        _isInside.Dispose();
        _mayGo.Dispose();
    }
}

/// <summary>Memory that stops whoever asks for its bytes, until it may go on.</summary>
internal sealed class SlowMemory : MemoryManager<byte>
{
    private readonly ManualResetEventSlim _isAsked = new();
    private readonly ManualResetEventSlim _mayGo = new();
    private readonly byte[] _bytes = new byte[64];

    public ReadOnlyMemory<byte> Of(int length) => CreateMemory(length);

    public void WaitUntilAsked() => _isAsked.Wait();

    public void GoOn() => _mayGo.Set();

    public void Dispose() => ((IDisposable)this).Dispose();

    public override Span<byte> GetSpan()
    {
        _isAsked.Set();
        _mayGo.Wait();
        return _bytes;
    }

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin() => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _isAsked.Dispose();
        _mayGo.Dispose();
    }
}
