using System.Net;
using System.Net.Sockets;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Between one client and a server: what ends here ends without a word to either.</summary>
internal sealed class ServerProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _sockets = [];
    private readonly int _server;
    private readonly MemoryStream _bytesUp = new();
    private long _bytesDown;
    private volatile bool _isCut;
    private volatile TaskCompletionSource? _pause;

    public ServerProxy(int server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes from the server to the client.</summary>
    public long BytesDown => Interlocked.Read(ref _bytesDown);

    /// <summary>The bytes of the first connection from the client to the server.</summary>
    public byte[] BytesUp
    {
        get
        {
            lock (_bytesUp)
                return _bytesUp.ToArray();
        }
    }

    /// <summary>How many connections it has carried.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>Whether bytes still come from the client and go nowhere.</summary>
    public bool DropsAnswers { get; set; }

    /// <summary>Holds back everything, in both directions, as a network that loses it does.</summary>
    public void Pause() => _pause = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Continue()
    {
        var pause = _pause;
        _pause = null;
        pause?.SetResult();
    }

    /// <summary>Ends the connections there are; the client may come again.</summary>
    public void Disconnect()
    {
        lock (_sockets)
        {
            _sockets.ForEach(x => x.Dispose());
            _sockets.Clear();
        }
    }

    /// <summary>As if the client had died: nothing comes through any more. The port stays taken: a client in this process lives on and asks for
    /// it again, and would come back to life by the proxy of another one.</summary>
    public void Cut()
    {
        lock (_sockets)
            _isCut = true;
        Disconnect();
    }

    public void Dispose()
    {
        Cut();
        _listener.Stop();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync();
                if (_isCut)
                {
                    client.Dispose();
                    continue;
                }

                var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                lock (_sockets)
                {
                    _sockets.AddRange(client, server);
                    ConnectionCount++;
                    if (_isCut)
                        _sockets.ForEach(x => x.Dispose());
                }

                _ = CarryAsync(client, server);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }

    private async Task CarryAsync(Socket client, Socket server)
    {
        try
        {
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _server));
            await Task.WhenAny(CopyAsync(client, server, isDown: false), CopyAsync(server, client, isDown: true));
        }
        catch (SocketException)
        {
            // The server is not there; the client is told the same.
        }
        catch (ObjectDisposedException)
        {
            // Cut.
        }

        client.Dispose();
        server.Dispose();
    }

    private async Task CopyAsync(Socket from, Socket to, bool isDown)
    {
        var buffer = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count and > 0)
            {
                if (_pause is { } pause)
                    await pause.Task;
                if (isDown && DropsAnswers)
                    continue;
                if (isDown)
                    Interlocked.Add(ref _bytesDown, count);
                else
                    Keep(buffer.AsSpan(0, count));
                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // Ended by one of its sides.
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        lock (_bytesUp)
        {
            if (ConnectionCount == 1)
                _bytesUp.Write(bytes);
        }
    }
}
