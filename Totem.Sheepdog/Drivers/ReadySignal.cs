namespace Totem.Sheepdog.Drivers;

/// <summary>A wait handle that is set while there is something to do, and whoever wants to be told
/// of its changes.</summary>
internal sealed class ReadySignal : IDisposable
{
    private readonly ManualResetEvent _handle = new(initialState: false);
    private bool _isSet;

    public WaitHandle Handle => _handle;

    public Action<bool>? Changed { get; set; }

    /// <summary>Called under the driver's lock.</summary>
    public void Set(bool isReady)
    {
        if (_isSet == isReady)
            return;
        _isSet = isReady;
        if (isReady)
            _handle.Set();
        else
            _handle.Reset();
        Changed?.Invoke(isReady);
    }

    public void Dispose() => _handle.Dispose();
}
