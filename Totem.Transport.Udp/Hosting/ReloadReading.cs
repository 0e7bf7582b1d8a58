using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>A reload that is being read, on a thread of its own.</summary>
internal sealed class ReloadReading
{
    private readonly object _gate = new();
    private bool _isOver;
    private bool _isAbandoned;

    private ReloadReading(ProcessorId asking) => Asking = asking;

    /// <summary>The member that asked for it.</summary>
    public ProcessorId Asking { get; }

    /// <summary>It was read, or could not be.</summary>
    public bool IsOver => Volatile.Read(ref _isOver);

    /// <summary>The reload, when it is over; null where nothing can change, or when it could not be read.</summary>
    public ITransportReload? Reload { get; private set; }

    /// <summary>The reason why it could not be read.</summary>
    public string? Failure { get; private set; }

    /// <summary>Begins to read.</summary>
    /// <param name="asking">The member that asked for it.</param>
    /// <param name="read">Reads. When it throws anything at all, the ring goes on with the
    /// configuration that it has.</param>
    /// <param name="onOver">Called on that thread when it is over.</param>
    public static ReloadReading Start(ProcessorId asking, Func<ITransportReload?> read, Action onOver)
    {
        var reading = new ReloadReading(asking);
        new Thread(() => reading.Run(read, onOver)) { IsBackground = true, Name = "totem reload" }.Start();
        return reading;
    }

    /// <returns>True when it is over.</returns>
    public bool Wait(TimeSpan limit)
    {
        lock (_gate)
            return _isOver || Monitor.Wait(_gate, limit);
    }

    /// <summary>Nobody is going to use it.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _isAbandoned = true;
            Reload?.Dispose();
        }
    }

    private void Run(Func<ITransportReload?> read, Action onOver)
    {
        ITransportReload? reload = null;
        try
        {
            reload = read();
        }
        catch (Exception failure)
        {
            Failure = failure.Message;
        }

        lock (_gate)
        {
            Reload = reload;
            if (_isAbandoned)
                reload?.Dispose();
            Volatile.Write(ref _isOver, true);
            Monitor.PulseAll(_gate);
        }

        onOver();
    }
}
