using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Totem.Accord.Server;

namespace Totem.Accord.Tests.Server;

/// <summary>Conductors with real nodes on the loopback, in this process.</summary>
internal sealed class RunningConductors : IAsyncDisposable
{
    /// <summary>Long enough for a busy machine; nothing waits for it to pass.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static int _number;

    private readonly string _directory = Path.Combine(
        Path.GetTempPath(), $"totem-accord-{Environment.ProcessId}-{Interlocked.Increment(ref _number)}");

    private readonly int _port;

    private RunningConductors() => _port = TakePorts();

    public List<(TotemNode Node, ConductorServer Server)> Members { get; } = [];

    public static async Task<RunningConductors> StartAsync(int count, int voters = 1)
    {
        var conductors = new RunningConductors();
        for (var i = 0; i < count; i++)
            await conductors.AddAsync(voters);
        return conductors;
    }

    public async Task AddAsync(int voters = 1)
    {
        using var limit = new CancellationTokenSource(Limit);
        var node = await TotemNode.StartAsync(
            TotemNodeOptions.Loopback(_port, stateDirectory: _directory, name: "accord") with { Receives = false },
            limit.Token);
        var options = new ConductorServerOptions { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], Voters = voters };
        Members.Add((node, await ConductorServer.StartAsync(node, options, limit.Token)));
    }

    public RawClient Connect(int at) => new(Members[at].Server.Addresses[0]);

    public async ValueTask DisposeAsync()
    {
        foreach (var (node, server) in Members)
        {
            await server.DisposeAsync();
            await node.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    // Fourteen UDP ports in a row that nobody has; the numbers of this process are its own.
    private static int TakePorts()
    {
        for (var port = 21_000 + Environment.ProcessId % 400 * 50 + _number * 15; ; port += 15)
        {
            try
            {
                using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException) when (port < 60_000)
            {
                // The next ones.
            }
        }
    }
}

/// <summary>A client that sends and receives bytes of the old dialect.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _tcp = new();
    private readonly List<byte[]> _notices = [];

    public RawClient(IPEndPoint address)
    {
        _tcp.Connect(address);
        _tcp.NoDelay = true;
        _tcp.ReceiveTimeout = (int)RunningConductors.Limit.TotalMilliseconds;
    }

    public IReadOnlyList<byte[]> Notices => _notices;

    public void Send(params byte[][] requests) => _tcp.GetStream().Write([.. requests.SelectMany(x => x)]);

    /// <summary>The next message that is no notice of a client; null at the end of the connection.</summary>
    public byte[]? Receive()
    {
        while (ReceiveAny() is { } message)
        {
            if (!IsMembership(message))
                return message;
            _notices.Add(message);
        }

        return null;
    }

    /// <summary>Waits until so many notices have come.</summary>
    public void WaitForNotices(int count)
    {
        while (_notices.Count < count)
        {
            var message = ReceiveAny();
            Assert.NotNull(message);
            Assert.True(IsMembership(message), Convert.ToHexString(message));
            _notices.Add(message);
        }
    }

    /// <summary>Sends a request, and returns the result and the arguments.</summary>
    public (int Result, byte[] Arguments) Ask(byte[] request)
    {
        Send(request);
        var answer = Receive() ?? throw new IOException("the conductor closed the connection");
        Assert.Equal(1, answer[1]);
        return (BitConverter.ToInt32(answer, 20), answer[32..]);
    }

    /// <summary>Ends as the original's library does.</summary>
    public void Reset()
    {
        _tcp.LingerState = new LingerOption(enable: true, seconds: 0);
        _tcp.Dispose();
    }

    /// <summary>Ends its side of the stream.</summary>
    public void Finish() => _tcp.Client.Shutdown(SocketShutdown.Send);

    public void Dispose() => _tcp.Dispose();

    private static bool IsMembership(byte[] message) => message[1] == 2 && message[21] != 0;

    private byte[]? ReceiveAny()
    {
        var header = new byte[32];
        if (!TryFill(header))
            return null;
        var message = new byte[32 + BitConverter.ToInt32(header, 4)];
        header.CopyTo(message, 0);
        Assert.True(TryFill(message.AsSpan(32)), string.Create(CultureInfo.InvariantCulture, $"{message.Length}"));
        return message;
    }

    private bool TryFill(Span<byte> bytes)
    {
        try
        {
            _tcp.GetStream().ReadExactly(bytes);
            return true;
        }
        catch (EndOfStreamException)
        {
            return false;
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode:
            SocketError.ConnectionReset })
        {
            return false;
        }
    }
}
