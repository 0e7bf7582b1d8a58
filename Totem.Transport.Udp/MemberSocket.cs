using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Totem.Transport.Udp.Operation;

namespace Totem;

/// <summary>
/// A conversation with a running member of this host, of whatever program, through its status socket
/// (docs/reference/status.md). It changes nothing. One question at a time, on any thread.
/// </summary>
public sealed class MemberSocket : IDisposable
{
    /// <summary>Room for sixteen thousand groups with the longest names; another user's socket may send anything.
    /// </summary>
    private const int AnswerBytesMax = 32 << 20;

    private static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(5);

    private readonly Socket _socket;
    private byte[] _buffer = new byte[64 * 1024];
    private int _length;

    private MemberSocket(Socket socket, string path) => (_socket, Path) = (socket, path);

    /// <summary>Where the socket lies.</summary>
    public string Path { get; }

    /// <summary>The directory in which members of this user have their sockets: <c>TOTEM_RUN_DIR</c>, else
    /// <c>/run/totem</c> for root and <c>$XDG_RUNTIME_DIR/totem</c> for others. Null when the variable is
    /// <c>none</c>.</summary>
    public static string? DefaultDirectory => RunDirectory.Find(null);

    /// <summary>The sockets that lie in a directory. One that a killed process left is among them until somebody
    /// connects to it in vain.</summary>
    /// <param name="directory">Null for <see cref="DefaultDirectory"/>; root finds those of all users then, unless
    /// <c>TOTEM_RUN_DIR</c> says where to look.</param>
    /// <exception cref="UnauthorizedAccessException">The directory is another user's.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<string> Find(string? directory = null) =>
        directory is null ? [.. RunDirectory.All().SelectMany(RunDirectory.List)] : RunDirectory.List(directory);

    /// <summary>Connects to a member.</summary>
    /// <param name="path">One of those that <see cref="Find"/> found.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when nobody listens there: the process was killed.</returns>
    /// <exception cref="SocketException">Not this user's, or no socket.</exception>
    public static async Task<MemberSocket?> ConnectAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return new MemberSocket(socket, path);
        }
        catch (SocketException failure)
            when (failure.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The member at this moment.</summary>
    /// <exception cref="IOException">It does not answer within 5 s, as a stopped process, or not in this
    /// language.</exception>
    public Task<MemberStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        AskAsync("status", StatusJson.Default.MemberStatus, cancellationToken);

    /// <summary>Its last changes of membership, the oldest first: 64 at most.</summary>
    /// <exception cref="IOException">It does not answer within 5 s, as a stopped process, or not in this
    /// language.</exception>
    public async Task<IReadOnlyList<ChangeRecord>> GetChangesAsync(CancellationToken cancellationToken = default) =>
        (await AskAsync("why", StatusJson.Default.ChangesAnswer, cancellationToken).ConfigureAwait(false)).Changes;

    /// <summary>The member again and again, until the enumeration or the member ends.</summary>
    /// <param name="interval">0.1 s to an hour.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="IOException">It does not answer, or not in this language.</exception>
    public async IAsyncEnumerable<MemberStatus> WatchAsync(
        TimeSpan interval, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await SendAsync($"watch {(long)interval.TotalMilliseconds}", cancellationToken).ConfigureAwait(false);
        while (await ReadAsync(interval + DefaultLimit, cancellationToken).ConfigureAwait(false) is { } line)
            yield return Parse(line, StatusJson.Default.MemberStatus);
    }

    /// <summary>A request and its answer as they are.</summary>
    /// <param name="request">A line of docs/reference/status.md.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The first line of the answer: an object in JSON.</returns>
    /// <exception cref="IOException">The member does not answer within 5 s.</exception>
    public async Task<string> AskAsync(string request, CancellationToken cancellationToken = default)
    {
        await SendAsync(request, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(DefaultLimit, cancellationToken).ConfigureAwait(false)
            ?? throw new IOException($"{Path}: the member has ended");
    }

    /// <inheritdoc />
    public void Dispose() => _socket.Dispose();

    private async Task<T> AskAsync<T>(string request, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Parse(await AskAsync(request, cancellationToken).ConfigureAwait(false), type);

    private async Task SendAsync(string request, CancellationToken cancellationToken)
    {
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(request + "\n"), SocketFlags.None, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            throw new IOException($"{Path}: {failure.Message}", failure);
        }
    }

    private async Task<string?> ReadAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(time);
        try
        {
            return await ReadLineAsync(limit.Token).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            throw new IOException($"{Path}: {failure.Message}", failure);
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{Path}: the member does not answer; its process may be stopped", failure);
        }
    }

    private async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        for (var looked = 0; ;)
        {
            var end = Array.IndexOf(_buffer, (byte)'\n', looked, _length - looked);
            if (end >= 0)
            {
                var line = Encoding.UTF8.GetString(_buffer, 0, end);
                _buffer.AsSpan((end + 1).._length).CopyTo(_buffer);
                _length -= end + 1;
                return line;
            }

            looked = _length;
            if (_length == AnswerBytesMax)
                throw new IOException($"{Path}: an answer of more than {AnswerBytesMax} bytes, expected fewer");
            if (_length == _buffer.Length)
                Array.Resize(ref _buffer, Math.Min(AnswerBytesMax, 2 * _length));
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(_length), SocketFlags.None, cancellationToken)
                .ConfigureAwait(false);
            if (read == 0)
                return null;
            _length += read;
        }
    }

    private T Parse<T>(string line, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(line, type) ?? throw new JsonException("expected an object");
        }
        catch (JsonException failure)
        {
            // An error has no fields of an answer.
            throw new IOException($"{Path}: {ErrorOf(line) ?? failure.Message}", failure);
        }
    }

    private static string? ErrorOf(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, StatusJson.Default.ErrorAnswer)?.Error;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
