using System.Net;
using System.Net.Sockets;
using Totem.Accord.Components;
using Totem.Accord.State;

namespace Totem.Accord.Server.Transfers;

/// <summary>Hands the state to conductors that lack it, while this one goes on.</summary>
internal sealed class TransferDonor : IAsyncDisposable
{
    private const int ReceiversMax = 16;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Func<ComponentId, ValueTask<StateSnapshot?>> _offer;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room = new(ReceiversMax);
    private Task _accepting = Task.CompletedTask;

    /// <param name="listen">Where to listen.</param>
    /// <param name="offer">Asks the conductor for the state of a component's beginning.</param>
    public TransferDonor(IPEndPoint listen, Func<ComponentId, ValueTask<StateSnapshot?>> offer)
    {
        _offer = offer;
        _listener = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(listen);
        _listener.Listen();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Begins to accept.</summary>
    public void Start() => _accepting = AcceptAsync();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        for (var i = 0; i < ReceiversMax; i++)
            await _room.WaitAsync().ConfigureAwait(false);
        _room.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_stop.Token).ConfigureAwait(false);
                Socket? socket = null;
                try
                {
                    socket = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                }
                finally
                {
                    if (socket is null)
                        _room.Release();
                }

                _ = SendAsync(socket);
            }
            catch (SocketException) when (!_stop.IsCancellationRequested)
            {
                await Task.Delay(AcceptPause).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task SendAsync(Socket socket)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            limit.CancelAfter(Limit);
            var request = new byte[TransferProtocol.RequestBytes];
            for (var at = 0; at < request.Length;)
            {
                var count = await socket.ReceiveAsync(request.AsMemory(at), limit.Token).ConfigureAwait(false);
                if (count == 0)
                    return;
                at += count;
            }

            if (!TransferProtocol.TryRead(request, out var component)
                || await _offer(component).ConfigureAwait(false) is not { } snapshot)
                return;
            foreach (var block in snapshot.Blocks())
            {
                // Each block has that long: a receiver that stands still is let go.
                limit.CancelAfter(Limit);
                for (var left = block; !left.IsEmpty;)
                    left = left[await socket.SendAsync(left, limit.Token).ConfigureAwait(false)..];
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The receiver begins anew, here or elsewhere.
        }
        finally
        {
            socket.Dispose();
            _room.Release();
        }
    }
}
