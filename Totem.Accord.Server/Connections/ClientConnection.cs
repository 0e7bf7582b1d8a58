using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Totem.Accord.Clients;

namespace Totem.Accord.Server.Connections;

/// <summary>
/// The connection of one client: a loop that reads and one that sends, both on the thread pool. Bytes are handed to the
/// conductor's thread where they lie; the next ones are read when it has taken these, which is how a client that asks
/// too much is held back.
/// </summary>
internal sealed class ClientConnection : IValueTaskSource<SequencePosition>
{
    /// <summary>A client with so many unsent bytes is not read.</summary>
    public const long UnsentBytesToWait = 4 << 20;

    private static readonly PipeOptions OutputOptions = new(
        pauseWriterThreshold: 0, minimumSegmentSize: 16 << 10, useSynchronizationContext: false);

    private readonly Socket _socket;
    private readonly IConductorInbox _inbox;
    private readonly Pipe _output = new(OutputOptions);
    private readonly List<ArraySegment<byte>> _segments = [];
    private ManualResetValueTaskSourceCore<SequencePosition> _taken = new() { RunContinuationsAsynchronously = true };
    private int _waitsForSent;

    public ClientConnection(Socket socket, IConductorInbox inbox)
    {
        _socket = socket;
        _inbox = inbox;
        Output = new CountingWriter(_output.Writer);
        Address = socket.RemoteEndPoint?.ToString() ?? "nowhere";
    }

    /// <summary>Where the client is.</summary>
    public string Address { get; }

    /// <summary>The bytes it is to get. The conductor's thread.</summary>
    public CountingWriter Output { get; }

    /// <summary>Its seat. The conductor's thread.</summary>
    public ClientSeat? Seat { get; set; }

    /// <summary>Bytes that it has sent and that were not taken yet. The conductor's thread.</summary>
    public ReadOnlySequence<byte> Pending { get; set; }

    /// <summary>Whether <see cref="Pending"/> waits to be taken.</summary>
    public bool HasPending { get; set; }

    /// <summary>How much was unsent when something was last given out. The conductor's thread.</summary>
    public long UnsentBefore { get; set; }

    /// <summary>Reads and sends until the connection is over, and says so.</summary>
    public async Task RunAsync()
    {
        _inbox.Post(new ConductorInput(InputKind.Connected) { Connection = this });
        var sending = SendAsync();
        await ReceiveAsync().ConfigureAwait(false);
        _inbox.Post(new ConductorInput(InputKind.Disconnected) { Connection = this });
        await sending.ConfigureAwait(false);
        _socket.Dispose();
    }

    /// <summary>The bytes up to here were taken. The conductor's thread.</summary>
    public void HandleTaken(SequencePosition consumed)
    {
        HasPending = false;
        Pending = default;
        _taken.SetResult(consumed);
    }

    /// <summary>Gives out what was written. The conductor's thread.</summary>
    public void Flush()
    {
        // It never waits: the conductor looks at the count.
        var flushed = _output.Writer.FlushAsync();
        if (flushed.IsCompleted)
            _ = flushed.GetAwaiter().GetResult();
        UnsentBefore = Output.Unsent;
    }

    /// <summary>An input <see cref="InputKind.Sent"/> is to come when something was sent. The conductor's
    /// thread.</summary>
    public void AskForSent() => Volatile.Write(ref _waitsForSent, 1);

    /// <summary>Ends the connection. Any thread.</summary>
    public void Close()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }
    }

    /// <summary>Nothing more will be written. The conductor's thread.</summary>
    public void CompleteOutput() => _output.Writer.Complete();

    SequencePosition IValueTaskSource<SequencePosition>.GetResult(short token)
    {
        var result = _taken.GetResult(token);
        _taken.Reset();
        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<SequencePosition>.GetStatus(short token) => _taken.GetStatus(token);

    void IValueTaskSource<SequencePosition>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _taken.OnCompleted(continuation, state, token, flags);

    private async Task ReceiveAsync()
    {
        var reader = PipeReader.Create(
            new NetworkStream(_socket, ownsSocket: false), new StreamPipeReaderOptions(bufferSize: 64 << 10));
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync().ConfigureAwait(false);
                if (result.IsCompleted)
                    break;
                var taken = new ValueTask<SequencePosition>(this, _taken.Version);
                _inbox.Post(new ConductorInput(InputKind.Received)
                {
                    Connection = this, Received = result.Buffer,
                });
                var consumed = await taken.ConfigureAwait(false);
                reader.AdvanceTo(consumed, result.Buffer.End);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // A reset, a dead host: the connection is over like any other.
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }

    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                var result = await _output.Reader.ReadAsync().ConfigureAwait(false);
                if (!result.Buffer.IsEmpty)
                    await SendAsync(result.Buffer).ConfigureAwait(false);
                _output.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    break;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The loop that reads says that it is over, unless it waits for this one.
            _inbox.Post(new ConductorInput(InputKind.Broken) { Connection = this });
        }

        await _output.Reader.CompleteAsync().ConfigureAwait(false);
    }

    private async ValueTask SendAsync(ReadOnlySequence<byte> bytes)
    {
        var left = bytes;
        while (!left.IsEmpty)
        {
            var sent = left.IsSingleSegment
                ? await _socket.SendAsync(left.First).ConfigureAwait(false)
                : await _socket.SendAsync(Segments(left)).ConfigureAwait(false);
            left = left.Slice(sent);
            Output.HandleSent(sent);
            if (Interlocked.Exchange(ref _waitsForSent, 0) == 1)
                _inbox.Post(new ConductorInput(InputKind.Sent) { Connection = this });
        }
    }

    private List<ArraySegment<byte>> Segments(ReadOnlySequence<byte> bytes)
    {
        // The kernel takes up to 1,024.
        const int segmentsMax = 512;
        _segments.Clear();
        foreach (var memory in bytes)
        {
            if (_segments.Count == segmentsMax)
                break;
            System.Runtime.InteropServices.MemoryMarshal.TryGetArray(memory, out var segment);
            _segments.Add(segment);
        }

        return _segments;
    }
}
