using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Totem.Accord.Components;
using Totem.Accord.Server.Connections;
using Totem.Accord.Server.Diagnostics;
using Totem.Accord.Server.Hosting;
using Totem.Accord.Server.Transfers;
using Totem.Accord.State;

namespace Totem.Accord.Server;

/// <summary>
/// A conductor: one of the servers of a replicated store. It joins a group on the ring of a node, and serves clients
/// over TCP. Its state lives in memory. All members may be called by any thread.
/// </summary>
public sealed class ConductorServer : IAsyncDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(10);

    private readonly ConductorThread _thread;
    private readonly TransferDonor _donor;
    private readonly TotemGroup _group;
    private readonly List<Socket> _listeners = [];
    private readonly List<Task> _accepting = [];
    private readonly CancellationTokenSource _stop = new();
    private int _connections;

    private ConductorServer(ConductorThread thread, TransferDonor donor, TotemGroup group)
    {
        _thread = thread;
        _donor = donor;
        _group = group;
    }

    /// <summary>Where clients connect.</summary>
    public IReadOnlyList<IPEndPoint> Addresses => [.. _listeners.Select(x => (IPEndPoint)x.LocalEndPoint!)];

    /// <summary>Ends when the conductor has ended; failed when it stopped by itself.</summary>
    public Task Completion => _thread.Ended;

    /// <summary>Starts a conductor.</summary>
    /// <param name="node">The node; it must outlive the conductor.</param>
    /// <param name="options">How it serves.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The options contradict each other; every problem is in
    /// the message.</exception>
    /// <exception cref="SocketException">An address cannot be bound.</exception>
    public static async Task<ConductorServer> StartAsync(
        TotemNode node, ConductorServerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        var logger = options.LoggerFactory.CreateLogger("Totem.Accord.Server");
        ConductorThread? thread = null;
        Conductor? machine = null;
        List<Socket> listeners = [];
        var donor = new TransferDonor(options.TransferListen, component => AskAsync(thread!, machine!, component));
        try
        {
            machine = new Conductor(new ConductorOptions
            {
                Self = new ConductorId(node.Id, NewLife()),
                VotersWanted = options.Voters,
                Address = donor.Address.ToString(),
                ServesStaleReads = options.ServesStaleReads,
            });
            thread = new ConductorThread(machine, logger);
            listeners = Listen(options.Listen);
            var group = await node.JoinAsync(
                options.Group, new GroupJoinOptions { Sink = new GroupSink(thread) }, cancellationToken)
                .ConfigureAwait(false);
            var server = new ConductorServer(thread, donor, group);
            server._listeners.AddRange(listeners);
            thread.Start(group);
            donor.Start();
            server._accepting.AddRange(listeners.Select(server.AcceptAsync));
            Log.Listens(logger, node.Id.ToString(), string.Join(", ", server.Addresses));
            return server;
        }
        catch
        {
            foreach (var listener in listeners)
                listener.Dispose();
            await donor.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes all connections and leaves the group; the node stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (var listener in _listeners)
            listener.Dispose();
        await Task.WhenAll(_accepting).ConfigureAwait(false);
        _thread.Stop();
        await _thread.Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _group.DisposeAsync().ConfigureAwait(false);
        await _donor.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private static ulong NewLife()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }

    private static async ValueTask<StateSnapshot?> AskAsync(
        ConductorThread thread, Conductor machine, ComponentId component)
    {
        var answer = new TaskCompletionSource<StateSnapshot?>(TaskCreationOptions.RunContinuationsAsynchronously);
        thread.Post(new ConductorInput(InputKind.Call) { Action = () => answer.SetResult(machine.Offer(component)) });
        await Task.WhenAny(answer.Task, thread.Ended).ConfigureAwait(false);
        return answer.Task.IsCompletedSuccessfully ? await answer.Task.ConfigureAwait(false) : null;
    }

    private static List<Socket> Listen(IReadOnlyList<IPEndPoint> addresses)
    {
        var listeners = new List<Socket>();
        try
        {
            foreach (var address in addresses)
            {
                var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                listeners.Add(socket);
                if (address.AddressFamily == AddressFamily.InterNetworkV6)
                    socket.DualMode = false;
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(address);
                socket.Listen(1024);
            }

            return listeners;
        }
        catch
        {
            foreach (var socket in listeners)
                socket.Dispose();
            throw;
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                if (Interlocked.Increment(ref _connections) > AccordLimits.ClientsPerConductorMax)
                {
                    Interlocked.Decrement(ref _connections);
                    socket.Dispose();
                    continue;
                }

                Prepare(socket);
                _ = ServeAsync(socket);
            }
            catch (SocketException) when (!_stop.IsCancellationRequested)
            {
                // A client that has gone before it was accepted, or no descriptor for it: the next one may do.
                await Task.Delay(AcceptPause).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    // A dead host is noticed after three seconds, as the original does it.
    private static void Prepare(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 2);
        }
        catch (SocketException)
        {
            // It is over already; the loop that reads says so.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await new ClientConnection(socket, _thread).RunAsync().ConfigureAwait(false);
        Interlocked.Decrement(ref _connections);
    }
}
