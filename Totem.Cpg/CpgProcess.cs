using Totem.Cpg.Ring;
using Totem.Cpg.Sessions;
using Totem.Platform.Programs;

namespace Totem.Cpg;

/// <summary>
/// The part that the handles of a process share: one ring, started with the first of them, and started anew with the
/// first after it failed. It stays when the last handle is gone: a program that opens and closes a handle every second
/// is one member, not many.
/// </summary>
internal sealed class CpgProcess(Func<ICpgRing> startRing, TimeSpan readyTimeout)
{
    /// <summary>How long a first handle may wait for the ring; then TRY_AGAIN.</summary>
    public static readonly TimeSpan DefaultReadyTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private ICpgRing? _ring;
    private bool _hasEnded;

    public HandleTable<CpgHandle> Handles { get; } = new();

    public HandleTable<CpgIteration> Iterations { get; } = new();

    public HandleTable<CfgSession> CfgHandles { get; } = new();

    /// <summary>How long calls wait for a synchronisation.</summary>
    public TimeSpan ReadyTimeout => readyTimeout;

    /// <summary>The ring, if there is one.</summary>
    public ICpgRing? Ring
    {
        get
        {
            lock (_gate)
                return _ring;
        }
    }

    /// <summary>Starts the ring, unless one runs. Does not wait for it.</summary>
    /// <exception cref="Exception">It cannot be started: the configuration, or the network.</exception>
    public ICpgRing Start()
    {
        lock (_gate)
        {
            if (_ring is { Failure: not null } failed)
            {
                // Its handles keep saying so until they are finalised; the ring itself has ended.
                _ring = null;
                failed.Dispose();
            }

            return _hasEnded ? throw new TransportException("the process ends") : _ring ??= startRing();
        }
    }

    /// <summary>The process ends: what it has sent is to reach the others, and they are told. There
    /// is no other ring after this.</summary>
    public void End()
    {
        ICpgRing? ring;
        lock (_gate)
            (_hasEnded, ring) = (true, _ring);
        ring?.End();
    }

    /// <summary>The ring that <see cref="Start"/> started, ready to be used.</summary>
    /// <returns>Null when it is not, with the reason in <paramref name="error"/>.</returns>
    public ICpgRing? Open(out CsError error)
    {
        if (Ring is not { } ring)
        {
            // Why it did not start is in the log.
            error = CsError.Library;
            return null;
        }

        error = ring.WaitReady(readyTimeout) ? CsError.Ok : ring.Failure is null ? CsError.TryAgain : CsError.Library;
        return error == CsError.Ok ? ring : null;
    }
}
