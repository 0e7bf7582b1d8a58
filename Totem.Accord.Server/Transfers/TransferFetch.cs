using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Totem.Accord.Components;
using Totem.Accord.Server.Connections;
using Totem.Accord.Server.Diagnostics;

namespace Totem.Accord.Server.Transfers;

/// <summary>Fetches the state that this conductor lacks, from one donor after the other.</summary>
internal sealed class TransferFetch : IDisposable
{
    private const int ReadBytes = 256 << 10;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly IConductorInbox _inbox;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();

    public TransferFetch(
        ComponentId component, IReadOnlyList<string> donors, IConductorInbox inbox, ILogger logger)
    {
        _inbox = inbox;
        _logger = logger;
        Component = component;
        Fetching = RunAsync(component, donors);
    }

    /// <summary>The component whose beginning it fetches.</summary>
    public ComponentId Component { get; }

    /// <summary>Ends when it has been told to: also when everything was fetched.</summary>
    public Task Fetching { get; }

    /// <inheritdoc />
    public void Dispose() => _stop.Cancel();

    private async Task RunAsync(ComponentId component, IReadOnlyList<string> donors)
    {
        try
        {
            for (var attempt = 0; donors.Count > 0; attempt++)
            {
                var donor = donors[attempt % donors.Count];
                Log.Fetches(_logger, component.ToString(), donor);
                var reason = await TryFetchAsync(component, donor).ConfigureAwait(false);
                _stop.Token.ThrowIfCancellationRequested();
                Log.FetchFailed(_logger, donor, reason);
                _inbox.Post(new ConductorInput(InputKind.TransferLost));
                await Task.Delay(Pause, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Another component needs another state.
        }
    }

    // The reason why it did not work. When it does, this is cancelled before the end of the stream is read.
    private async Task<string> TryFetchAsync(ComponentId component, string donor)
    {
        if (!IPEndPoint.TryParse(donor, out var address))
            return $"'{donor}' is no address, expected ADDRESS:PORT";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(Limit);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, limit.Token).ConfigureAwait(false);
            await socket.SendAsync(TransferProtocol.Encode(component), limit.Token).ConfigureAwait(false);
            for (var total = 0L; ;)
            {
                limit.CancelAfter(Limit);
                var bytes = ArrayPool<byte>.Shared.Rent(ReadBytes);
                var count = await socket.ReceiveAsync(bytes.AsMemory(0, ReadBytes), limit.Token)
                    .ConfigureAwait(false);
                var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (count == 0)
                    return total == 0 ? "it has no state for this component" : "it ended too early";
                total += count;
                _inbox.Post(new ConductorInput(InputKind.Transferred)
                {
                    Bytes = bytes, Length = count, Action = taken.SetResult,
                });
                await taken.Task.WaitAsync(_stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return $"nothing came for {Limit.TotalSeconds} s";
        }
        catch (SocketException failure)
        {
            return failure.Message;
        }
    }
}
