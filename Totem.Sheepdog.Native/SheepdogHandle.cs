namespace Totem.Sheepdog.Native;

/// <summary>The object behind a handle: a driver, its descriptor, and the callbacks.</summary>
internal sealed class SheepdogHandle : IDisposable
{
    private readonly IClusterDriver _driver;
    private readonly string? _option;
    private readonly int _identityLength;
    private readonly EventDescriptor _descriptor = new();
    private int _dispatchingThread;
    private volatile bool _isClosed;

    private SheepdogHandle(IClusterDriver driver, string? option, int identityLength, NativeEvents events)
    {
        (_driver, _option, _identityLength, Events) = (driver, option, identityLength, events);
        driver.EventsReadyChanged = _descriptor.Set;
        driver.WritesLog = events.WantsLog;
    }

    public IClusterDriver Driver => _driver;

    public NativeEvents Events { get; }

    public int Descriptor => _descriptor.Number;

    /// <summary>The node that it joined as; null before that. The thread that dispatches.</summary>
    public SheepNode? Self { get; set; }

    /// <summary>Whether the calling thread is inside a callback of this handle.</summary>
    public bool IsInCallback => _dispatchingThread == Environment.CurrentManagedThreadId;

    /// <exception cref="ClusterDriverException">There is no such driver, its option is wrong, or it
    /// cannot be started.</exception>
    public static SheepdogHandle Open(string? driver, int identityLength, NativeEvents events)
    {
        var created = ClusterDrivers.Create(driver, out var option);
        var handle = new SheepdogHandle(created, option, identityLength, events);
        try
        {
            created.Init(option);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>After the loss of a session.</summary>
    /// <exception cref="ClusterDriverException">The driver cannot be started.</exception>
    public void Reopen() => _driver.Init(_option);

    /// <exception cref="ArgumentException">The length is out of range.</exception>
    public SheepNode Node(ReadOnlySpan<byte> bytes) => new(bytes, _identityLength);

    /// <summary>Makes one callback, if there is one to make.</summary>
    /// <returns>False when called from within a callback.</returns>
    public bool TryDispatch()
    {
        if (Interlocked.CompareExchange(ref _dispatchingThread, Environment.CurrentManagedThreadId, 0) != 0)
            return false;
        try
        {
            if (!_isClosed)
                _driver.DispatchOne(Events);
            return true;
        }
        finally
        {
            _dispatchingThread = 0;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _isClosed = true;
        _driver.Dispose();
        _descriptor.Dispose();
        Events.Dispose();
    }
}
