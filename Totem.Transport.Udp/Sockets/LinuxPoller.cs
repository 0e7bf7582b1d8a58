using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Totem.Transport.Udp.Host;
using static Totem.Transport.Udp.Host.LinuxNative;

namespace Totem.Transport.Udp.Sockets;

/// <summary><c>ppoll</c> over the sockets, the neighbour watch and an eventfd: nanoseconds of
/// resolution, and one write wakes it.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxPoller : IPoller
{
    private readonly int _event;
    private PollFd[] _descriptors = [];
    private IDatagramSocket[] _sockets = [];

    /// <summary>Those that wake us at this moment, and one until <see cref="Dispose"/>. The thread that takes away the
    /// last one closes.</summary>
    private int _uses = 1;
    private bool _isDisposed;

    /// <exception cref="IOException">The process has no descriptors left.</exception>
    public LinuxPoller(ReadOnlySpan<Socket> descriptors, IDatagramSocket[] sockets, NeighbourWatch? watch)
    {
        _event = CreateEvent();
        if (_event < 0)
            throw new IOException($"eventfd: {Marshal.GetLastPInvokeErrorMessage()}");
        Use(descriptors, sockets, watch);
    }

    public void Use(ReadOnlySpan<Socket> descriptors, IDatagramSocket[] sockets, NeighbourWatch? watch)
    {
        _descriptors = GC.AllocateArray<PollFd>(sockets.Length + 2, pinned: true);
        _sockets = sockets;
        for (var i = 0; i < sockets.Length; i++)
            _descriptors[i] =
                new PollFd { Descriptor = (int)descriptors[i].SafeHandle.DangerousGetHandle(), Events = POLLIN };
        // The kernel passes over a negative descriptor.
        _descriptors[^2] = new PollFd { Descriptor = watch?.Descriptor ?? -1, Events = POLLIN };
        _descriptors[^1] = new PollFd { Descriptor = _event, Events = POLLIN };
    }

    public PollReports Wait(TimeSpan? timeout)
    {
        var ticks = Math.Max(0, timeout.GetValueOrDefault().Ticks);
        var limit = new TimeSpec { Seconds = ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = ticks % TimeSpan.TicksPerSecond * 100 };
        fixed (PollFd* descriptors = _descriptors)
        {
            // A signal ends the wait early, which the caller's loop does not mind.
            if (PPoll(descriptors, (nuint)_descriptors.Length, timeout is null ? null : &limit, null) < 0)
                return PollReports.None;
        }

        ulong count;
        if (_descriptors[^1].Returned != 0)
            _ = Read(_event, &count, sizeof(ulong));
        var reports = _descriptors[^2].Returned != 0 ? PollReports.NeighbourWatch : PollReports.None;
        for (var i = 0; i < _sockets.Length; i++)
        {
            _sockets[i].MayHaveMore = _descriptors[i].Returned != 0;
            reports |= (_descriptors[i].Returned & POLLERR) != 0 ? PollReports.RefusedPort : PollReports.None;
        }

        return reports;
    }

    public void Wake()
    {
        // No lock: who stands still here, in a signal's handler above all, must keep nobody from
        // waking, or from closing.
        for (var uses = Volatile.Read(ref _uses);;)
        {
            // Not after the close: the number could be another file's by then.
            if (uses == 0)
                return;
            var seen = Interlocked.CompareExchange(ref _uses, uses + 1, uses);
            if (seen == uses)
                break;
            uses = seen;
        }

        ulong one = 1;
        _ = Write(_event, &one, sizeof(ulong));
        EndUse();
    }

    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _isDisposed, true))
            EndUse();
    }

    private void EndUse()
    {
        if (Interlocked.Decrement(ref _uses) == 0)
            _ = Close(_event);
    }
}
