using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The news of a session for its driver. Under the driver's lock.</summary>
internal interface ISessionOwner
{
    /// <summary>Guards the session and its queue.</summary>
    Lock Gate { get; }

    /// <summary>The queue may have something to send or to tell.</summary>
    void OnProgress(SessionHost host);

    /// <summary>It is over, and a new one may begin, or another process is this node.</summary>
    void OnEnd(SessionHost host, SessionEnd end);
}

/// <summary>A session's client, clock and timer: takes the driver's lock around each input, hands requests
/// to the client, and wakes the session at its next deadline.</summary>
internal sealed class SessionHost : IZooKeeperWatcher, IDisposable
{
    private readonly ISessionOwner _owner;
    private readonly Timer _timer;

    /// <summary>When the timer fires; null when it does not.</summary>
    private long? _due;

    private bool _isOver;

    public SessionHost(ISessionOwner owner, ZooKeeperClient client, ZooKeeperSession session)
    {
        (_owner, Client, Session) = (owner, client, session);
        _timer = new Timer(_ => Do(now =>
        {
            _due = null;
            Session.HandleDeadline(now);
        }));
    }

    public ZooKeeperClient Client { get; }

    public ZooKeeperSession Session { get; }

    public void OnState(ZooKeeperState state) => Do(now => Session.HandleConnection(state, now));

    public void OnWatch(ZooKeeperEvent what, string path) => Do(now => Session.HandleWatch(what, path, now));

    /// <summary>Sends a message of the queue's. Under the driver's lock.</summary>
    public void Send(byte[] message)
    {
        Session.Send(message);
        MakeRequests();
    }

    /// <summary>Nothing more comes of it; the client is the owner's to dispose. Under the driver's lock.</summary>
    public void Dispose()
    {
        _isOver = true;
        _timer.Dispose();
    }

    private void Do(Action<long> input)
    {
        lock (_owner.Gate)
        {
            if (_isOver)
                return;
            var end = Try(input) ?? Session.End;
            if (end is null)
            {
                _owner.OnProgress(this);
                return;
            }

            Dispose();
            _owner.OnEnd(this, end);
        }
    }

    private SessionEnd? Try(Action<long> input)
    {
        try
        {
            input(Environment.TickCount64);
            MakeRequests();
            SetTimer();
            return null;
        }
#pragma warning disable CA1031 // No exception may reach the library's thread: the session fails, not the process.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return new SessionEnd($"the session failed: {failure.Message}");
        }
    }

    private void MakeRequests()
    {
        while (Session.TryTakeRequest(out var request))
            Client.Ask(request, answer => Do(now => Session.HandleAnswer(answer, now)));
    }

    private void SetTimer()
    {
        if (Session.NextDeadline is not { } next || next == _due)
            return;
        _due = next;
        _timer.Change(Math.Max(0, next - Environment.TickCount64), Timeout.Infinite);
    }
}
