using System.Runtime.Versioning;
using Totem.Sheepdog.Sessions;

namespace Totem.Sheepdog.Drivers.Local;

/// <summary>The thread of a <see cref="LocalMember"/>, which sleeps until there is something to do. A field that is not
/// said to be the thread's is under the driver's gate.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalSession : IDisposable
{
    private readonly Lock _gate;
    private readonly Action _changed;
    private readonly LogWatch _watch = new();
    private readonly LocalMember _member;
    private readonly Thread _thread;

    /// <summary>Makes the session known; it has not arrived.</summary>
    /// <param name="session">The session's.</param>
    /// <param name="directory">The cluster's.</param>
    /// <param name="limits">The same for all.</param>
    /// <param name="gate">The driver's.</param>
    /// <param name="changed">Called under the gate after the session has changed.</param>
    /// <exception cref="IOException">The files cannot be made.</exception>
    public LocalSession(
        ClusterSession session, LocalDirectory directory, LocalLimits limits, Lock gate, Action changed)
    {
        (_gate, _changed) = (gate, changed);
        try
        {
            _member = new LocalMember(session, directory, limits, _watch);
        }
        catch
        {
            _watch.Dispose();
            throw;
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "sheep local" };
    }

    public long UnreadBytes => _member.Log.UnreadBytes;

    public bool CanSend => _member.CanSend;

    /// <summary>The log, for tests.</summary>
    internal LocalLog Log => _member.Log;

    public void Start() => _thread.Start();

    public void Send(byte[] message)
    {
        if (!_member.Send(message))
            _watch.Wake();
    }

    /// <summary>Ends it. Not under the gate.</summary>
    public void Dispose() => Close(isTidy: true);

    /// <summary>Ends it as the kernel ends a process: nothing is tidied up. Not under the gate.</summary>
    public void Kill() => Close(isTidy: false);

    private void Close(bool isTidy)
    {
        lock (_gate)
        {
            if (!_member.IsOver)
            {
                _member.End(isTidy);
                _watch.Wake();
            }
        }

        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
            Release();
        else
            _thread.Join();
    }

    private void Run()
    {
        var mayWait = false;
        while (!_member.IsOver)
        {
            // The pipe is this thread's, so nobody closes it meanwhile.
            var hasEnded = mayWait && _watch.Wait(_member.WatchedPipe);
            lock (_gate)
            {
                if (_member.IsOver)
                    break;
                mayWait = _member.Work(hasEnded);
                _changed();
            }
        }

        Release();
    }

    private void Release()
    {
        lock (_gate)
        {
            _member.Dispose();
            _watch.Dispose();
        }
    }
}
