namespace Totem.Bench.Load;

/// <summary>Sends the load of one node: from a thread of its own, and from the delivery of its own messages.</summary>
internal sealed class LoadSender : IDisposable
{
    /// <summary>In saturation a sender has so many bytes under way: its queue is never empty, and
    /// the end of it is not seconds away.</summary>
    public const long OutstandingBytesMax = 2 << 20;
    private const int OutstandingMin = 2;
    private const int ReadySoonMilliseconds = 1;
    private const long RetryNanoseconds = 100_000;

    private readonly IOrderedBus _bus;
    private readonly LoadShape _load;
    private readonly int _place;
    private readonly int _senders;
    private readonly long _outstandingMax;
    private readonly byte[] _message;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _refused = new(initialState: false);
    private readonly Thread _thread;
    private ulong _sequence;
    private long _outstanding;
    private volatile bool _isStopped;

    /// <summary>Creates the sender of a node.</summary>
    /// <param name="bus">Where to.</param>
    /// <param name="load">When.</param>
    /// <param name="size">How long each message is.</param>
    /// <param name="place">Which of the senders this is, from 0.</param>
    /// <param name="senders">How many there are.</param>
    public LoadSender(IOrderedBus bus, LoadShape load, int size, int place, int senders)
    {
        (_bus, _load, _place, _senders) = (bus, load, place, senders);
        if (load.Kind == LoadKind.Beside)
            (_load, _place, _senders) = place == 0 ? (new LoadShape(LoadKind.Closed, 0), 0, 1)
                : (new LoadShape(LoadKind.Rate, load.PerSecond), place - 1, senders - 1);
        _outstandingMax = _load.Kind switch
        {
            LoadKind.Closed or LoadKind.Turns => 1,
            LoadKind.Saturation => Math.Max(OutstandingMin, OutstandingBytesMax / size),
            _ => long.MaxValue,
        };
        _message = new byte[size];
        _message.AsSpan().Fill(0x5A);
        _thread = new Thread(Run) { IsBackground = true, Name = "load" };
    }

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Sends nothing more. Any thread.</summary>
    public void Stop()
    {
        _isStopped = true;
        _refused.Set();
    }

    /// <summary>A message of this sender was delivered here: the next one has room.</summary>
    public void OnOwnDelivery()
    {
        Interlocked.Decrement(ref _outstanding);
        if (_load.Kind is not (LoadKind.Rate or LoadKind.Turns) && !TrySendNext(Clock.Now)
            && _load.Kind == LoadKind.Closed)
            _refused.Set();
    }

    /// <summary>A message was delivered: the answer is this sender's turn when it was of the one before it.</summary>
    /// <param name="sender">The sender: senders are the first nodes.</param>
    public void OnTurn(uint sender)
    {
        if (_load.Kind == LoadKind.Turns && sender % _senders == _place && !TrySendNext(Clock.Now))
            _refused.Set();
    }

    private void Run()
    {
        if (_load.Kind == LoadKind.Rate)
            RunSchedule();
        else if (_load.Kind == LoadKind.Turns)
            TakeTurns();
        else
            KeepFull();
    }

    // The first sender begins; afterwards this thread only helps where a send was refused.
    private void TakeTurns()
    {
        if (_place == 0)
            _refused.Set();
        while (_refused.WaitOne() && !_isStopped)
        {
            while (!TrySendNext(Clock.Now) && !_isStopped)
                Clock.SleepUntil(Clock.Now + RetryNanoseconds);
        }
    }

    // Deliveries replace what they took; this thread begins, and helps where a send was refused.
    private void KeepFull()
    {
        while (!_isStopped)
        {
            while (TrySendNext(Clock.Now))
            {
                // Until there is no room.
            }

            if (_load.Kind == LoadKind.Saturation)
                Thread.Sleep(ReadySoonMilliseconds);
            else
                _refused.WaitOne();
        }
    }

    private void RunSchedule()
    {
        var schedule = new SendSchedule(Clock.Now, _load.PerSecond, _place, _senders);
        for (var index = 0L; !_isStopped; index++)
        {
            var due = schedule.At(index);
            Clock.SleepUntil(due);
            while (!TrySendNext(due) && !_isStopped)
                Clock.SleepUntil(Clock.Now + RetryNanoseconds);
        }
    }

    private bool TrySendNext(long ticks)
    {
        // Two threads send; numbers must rise in the order of the queue.
        lock (_lock)
        {
            if (_isStopped || Volatile.Read(ref _outstanding) >= _outstandingMax)
                return false;
            new MessageHeader(MessageKind.Data, _bus.Self, _sequence + 1, ticks).Write(_message);
            // Counted before it is sent: it may be delivered before the call returns.
            Interlocked.Increment(ref _outstanding);
            if (_bus.TrySend(_message))
            {
                _sequence++;
                return true;
            }

            Interlocked.Decrement(ref _outstanding);
            return false;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Stop();
        if (_thread.IsAlive)
            _thread.Join();
        _refused.Dispose();
    }
}
