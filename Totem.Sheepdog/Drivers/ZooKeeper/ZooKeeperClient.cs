using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>
/// One session with the servers: the library's handle, its requests and its watches. All requests return at once;
/// answers come in the order of the requests, on the library's thread, each exactly once, also when the connection is
/// lost or the client is disposed. Any thread.
/// </summary>
internal sealed unsafe partial class ZooKeeperClient : IDisposable
{
    private const int SocketAddressBytesMax = 128;
    private const int SystemVersion4 = 2;
    private const int NoSuchEntry = 2;

    private readonly Lock _gate = new();
    private readonly GCHandle _self;
    private nint _handle;
    private volatile int _state = (int)ZooKeeperState.Connecting;

    /// <summary>Begins to connect.</summary>
    /// <exception cref="ClusterDriverException">The library is missing or takes no such hosts.</exception>
    public ZooKeeperClient(string hosts, int timeoutMilliseconds, IZooKeeperWatcher watcher)
    {
        ZooKeeperLibrary.Require();
        Watcher = watcher;
        _self = GCHandle.Alloc(this);
        _handle = ZooKeeperLibrary.Init(hosts, &OnEvent, timeoutMilliseconds, 0, GCHandle.ToIntPtr(_self), 0);
        if (_handle == 0)
        {
            var error = new Win32Exception(Marshal.GetLastPInvokeError());
            _self.Free();
            // The system's word for a name without an address is "No such file or directory".
            throw new ClusterDriverException(
                error.NativeErrorCode == NoSuchEntry
                    ? $"no ZooKeeper server of '{hosts}' has a name that can be looked up"
                    : $"ZooKeeper servers '{hosts}' cannot be used: {error.Message}",
                error);
        }

        LookUpNamesOnlyToConnect();
    }

    /// <summary>Told of everything from now on.</summary>
    public IZooKeeperWatcher Watcher { get; set; }

    /// <summary>Where the session stands, as far as the watcher was told.</summary>
    public ZooKeeperState State => (ZooKeeperState)_state;

    /// <summary>The session's number; 0 before it is connected.</summary>
    public long SessionId => Ask(static handle => ZooKeeperLibrary.ClientId(handle)->Id);

    /// <summary>The session's timeout, as the servers granted it.</summary>
    public TimeSpan SessionTimeout => TimeSpan.FromMilliseconds(Ask(static handle => ZooKeeperLibrary.Timeout(handle)));

    /// <summary>Whether it was disposed.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>The session's number and its password.</summary>
    public byte[] Credentials()
    {
        lock (_gate)
        {
            return _handle == 0
                ? new byte[ZooKeeperClientId.Length]
                : new ReadOnlySpan<byte>(ZooKeeperLibrary.ClientId(_handle), ZooKeeperClientId.Length).ToArray();
        }
    }

    /// <summary>The server that it is connected to; null when it is to none.</summary>
    public IPEndPoint? ConnectedServer()
    {
        var bytes = stackalloc byte[SocketAddressBytesMax];
        var length = SocketAddressBytesMax;
        lock (_gate)
        {
            if (_handle == 0 || ZooKeeperLibrary.ConnectedHost(_handle, bytes, &length) == 0)
                return null;
        }

        // It begins with the system's number of the family.
        var isVersion4 = MemoryMarshal.Read<ushort>(new ReadOnlySpan<byte>(bytes, length)) == SystemVersion4;
        var family = isVersion4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        var address = new SocketAddress(family, length);
        new ReadOnlySpan<byte>(bytes, length).CopyTo(address.Buffer.Span);
        return (IPEndPoint)new IPEndPoint(isVersion4 ? IPAddress.Any : IPAddress.IPv6Any, 0).Create(address);
    }

    /// <summary>Ends the session; what has not been answered is answered with <see cref="ZooKeeperCode.Closing"/>. Not
    /// from an answer.</summary>
    public void Dispose()
    {
        nint handle;
        lock (_gate)
        {
            (handle, _handle, IsDisposed) = (_handle, 0, true);
        }

        if (handle == 0)
            return;
        // It fails when no server hears of it: then the session ends when its timeout is over.
        _ = ZooKeeperLibrary.Close(handle);
        _self.Free();
    }

    /// <summary>Else the library asks for the names whenever its socket is ready, on the thread that keeps the session
    /// alive: one name server that is slow, or one name that is gone, would end a session with healthy
    /// servers.</summary>
    private void LookUpNamesOnlyToConnect()
    {
        try
        {
            _ = ZooKeeperLibrary.SetResolutionDelay(_handle, -1);
        }
        catch (EntryPointNotFoundException)
        {
            // Libraries that are too old to have it do not ask so often either.
        }
    }

    private T Ask<T>(Func<nint, T> question)
        where T : struct
    {
        lock (_gate)
            return _handle == 0 ? default : question(_handle);
    }

    [UnmanagedCallersOnly]
    private static void OnEvent(nint handle, int kind, int state, byte* path, nint context)
    {
        var client = (ZooKeeperClient)GCHandle.FromIntPtr(context).Target!;
        if (kind != (int)ZooKeeperEvent.Session)
        {
            client.Watcher.OnWatch((ZooKeeperEvent)kind, Marshal.PtrToStringUTF8((nint)path) ?? "");
            return;
        }

        client._state = state;
        client.Watcher.OnState((ZooKeeperState)state);
    }
}
