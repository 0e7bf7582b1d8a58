using System.Net;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Totem.Platform.Files;
using static Totem.Transport.Udp.Host.LinuxNative;

namespace Totem.Transport.Udp.Host;

/// <summary>
/// Notices at once that a process of this host has died: each member listens at a Unix socket and connects to the
/// others, and the kernel hangs up when a process ends, whatever it was doing. Nothing is ever read from or written to
/// these connections, and a hangup proves nothing: it is the moment to ask whether the port is closed. So whoever takes
/// our name, connects or hangs up can neither make a member look dead nor keep us from asking as we would without him.
/// A call that fails here fails silently: then there is no hangup. Used by the ring's thread only.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class NeighbourWatch : IDisposable
{
    /// <summary>Others that are connected to us. A ring of one host needs 13; more are strangers,
    /// and the oldest must go.</summary>
    public const int AcceptedCountMax = 32;

    private const int None = -1;
    private const int EventCountMax = 32;
    private const int BacklogCount = 64;

    // The number that is registered with a descriptor: the listener, an accepted connection, or (from 0 up) the peer we
    // are connected to.
    private const long ListenerData = -1;
    private const long FirstAcceptedData = -2;

    private readonly int _epoll;
    private readonly int[] _connections;
    private readonly bool[] _isOurs;
    private readonly int[] _accepted = NoDescriptors(AcceptedCountMax);
    private readonly byte[] _events = new byte[EventCountMax * EpollEventBytes];
    private readonly long[] _acceptedOrder = new long[AcceptedCountMax];
    private long _acceptedCount;
    private int _listener = None;
    private int _eventCount;
    private int _eventIndex;
    private bool _disposed;

    private NeighbourWatch(int epoll, int peerCount)
    {
        _epoll = epoll;
        _connections = NoDescriptors(peerCount);
        _isOurs = new bool[peerCount];
    }

    /// <summary>Readable when there is something for <see cref="TryTakeHungUp"/>.</summary>
    public int Descriptor => _epoll;

    /// <summary>Whether others can connect to us.</summary>
    public bool IsListening => _listener != None;

    /// <returns>Null where the system refuses.</returns>
    public static NeighbourWatch? TryCreate(int peerCount)
    {
        var epoll = CreateEpoll();
        return epoll < 0 ? null : new NeighbourWatch(epoll, peerCount);
    }

    /// <summary>Lets others connect to us, if nobody has the name.</summary>
    public void TryListen(ReadOnlySpan<byte> name)
    {
        var socket = CreateUnixSocket();
        if (socket < 0)
            return;
        fixed (byte* address = name)
        {
            if (Bind(socket, address, (uint)name.Length) == 0 && Listen(socket, BacklogCount) == 0
                && TryAddToEpoll(_epoll, socket, EPOLLIN, ListenerData))
                _listener = socket;
            else
                _ = Close(socket);
        }
    }

    /// <summary>Whether the end of this peer's process would be noticed.</summary>
    public bool IsWatching(int peer) => _connections[peer] != None;

    /// <summary>The process that is watched. It listens where the peer would, which proves nothing.</summary>
    public HostProcess ProcessOf(int peer) => HostProcess.Of(_connections[peer]);

    /// <summary>Whether who hangs up on us is of our own user, or root: then the name is not a
    /// stranger's, and its hangup will come.</summary>
    public bool IsOurs(int peer) => IsWatching(peer) && _isOurs[peer];

    /// <summary>Begins to watch a peer, if it lets us.</summary>
    public void TryWatch(int peer, ReadOnlySpan<byte> name)
    {
        var socket = CreateUnixSocket();
        if (socket < 0)
            return;
        fixed (byte* address = name)
        {
            // Without waiting, and with a Unix socket that is no half thing: it is connected now, or was refused.
            if (Connect(socket, address, (uint)name.Length) == 0 && TryAddToEpoll(_epoll, socket, EPOLLRDHUP, peer))
                (_connections[peer], _isOurs[peer]) = (socket, HostProcess.Of(socket) is { Pid: > 0, User: var user }
                    && (user == 0 || user == LinuxFile.EffectiveUser()));
            else
                _ = Close(socket);
        }
    }

    /// <summary>Takes the next peer that hung up; it is watched no longer. Also takes in and lets
    /// go those who watch us.</summary>
    public bool TryTakeHungUp(out int peer)
    {
        fixed (byte* events = _events)
        {
            if (_eventIndex == _eventCount)
            {
                // Events that do not fit into one batch are still there for the next sleep, which they end at once.
                _eventCount = Math.Max(0, EpollWait(_epoll, events, EventCountMax, timeoutMilliseconds: 0));
                _eventIndex = 0;
            }

            while (_eventIndex < _eventCount)
            {
                var data = EpollData(events, _eventIndex++);
                if (data >= 0)
                {
                    peer = (int)data;
                    CloseOne(ref _connections[peer]);
                    return true;
                }

                if (data == ListenerData)
                    AcceptOne();
                else
                    CloseOne(ref _accepted[(int)(FirstAcceptedData - data)]);
            }
        }

        peer = None;
        return false;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        CloseOne(ref _listener);
        foreach (ref var connection in _connections.AsSpan())
            CloseOne(ref connection);
        foreach (ref var connection in _accepted.AsSpan())
            CloseOne(ref connection);
        _ = Close(_epoll);
    }

    private void AcceptOne()
    {
        var socket = Accept(_listener);
        if (socket < 0)
        {
            // Out of descriptors, most likely. The listener would end every sleep from now on, so
            // it goes; it is tried again later.
            if (Marshal.GetLastPInvokeError() != EAGAIN)
                CloseOne(ref _listener);
            return;
        }

        var slot = Array.IndexOf(_accepted, None);
        if (slot < 0)
        {
            slot = Array.IndexOf(_acceptedOrder, _acceptedOrder.Min());
            CloseOne(ref _accepted[slot]);
        }

        _accepted[slot] = socket;
        _acceptedOrder[slot] = _acceptedCount++;
        if (!TryAddToEpoll(_epoll, socket, EPOLLRDHUP, FirstAcceptedData - slot))
            CloseOne(ref _accepted[slot]);
    }

    private static void CloseOne(ref int descriptor)
    {
        if (descriptor != None)
            _ = Close(descriptor);
        descriptor = None;
    }

    private static int[] NoDescriptors(int count)
    {
        var descriptors = new int[count];
        Array.Fill(descriptors, None);
        return descriptors;
    }
}
