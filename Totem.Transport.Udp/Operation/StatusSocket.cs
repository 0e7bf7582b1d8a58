using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Totem.Transport.Udp.Operation;

/// <summary>
/// Shows a member to those of its user that ask: a line in, lines out (docs/reference/status.md). It runs on the
/// thread pool and never on the ring's thread, whatever a client does: one that does not read is sent away.
/// </summary>
internal sealed class StatusSocket : IDisposable
{
    private readonly IStatusSource _source;
    private readonly Socket _listener;
    private readonly TimeSpan _patience;
    private readonly CancellationTokenSource _end = new();
    private int _clients;

    private StatusSocket(IStatusSource source, Socket listener, string path, TimeSpan patience)
    {
        (_source, _listener, Path, _patience) = (source, listener, path, patience);
        _ = AcceptAsync();
    }

    /// <summary>How long a client may take to read an answer.</summary>
    public static TimeSpan DefaultPatience { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>Clients that are connected. For tests.</summary>
    internal int ClientCount => Volatile.Read(ref _clients);

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The directory is not ours, or its path is too long.</exception>
    /// <exception cref="SocketException">The system gives no Unix socket.</exception>
    public static StatusSocket Open(IStatusSource source, string directory, TimeSpan? patience = null)
    {
        var (socket, path) = RunDirectory.Bind(directory, StatusProtocol.ClientsMax);
        return new StatusSocket(source, socket, path, patience ?? DefaultPatience);
    }

    /// <summary>Ends every conversation and removes the name.</summary>
    public void Dispose()
    {
        if (_end.IsCancellationRequested)
            return;
        _end.Cancel();
        // First the name: a client that finds it finds somebody.
        try
        {
            File.Delete(Path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The directory is gone, and the name with it.
        }

        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(_end.Token).ConfigureAwait(false);
                _ = ServeAsync(client);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // No descriptor is free just now. The next try must not take a core.
                await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var number = Interlocked.Increment(ref _clients);
        try
        {
            using (client)
            {
                if (number > StatusProtocol.ClientsMax)
                    await SendErrorAsync(client, $"{StatusProtocol.ClientsMax} clients are connected, expected fewer")
                        .ConfigureAwait(false);
                else
                    await TalkAsync(client).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException
            or ObjectDisposedException)
        {
            // The client has gone, does not read, or the member has ended.
        }
        finally
        {
            Interlocked.Decrement(ref _clients);
        }
    }

    private async Task TalkAsync(Socket client)
    {
        var buffer = new byte[StatusProtocol.RequestBytesMax];
        var length = 0;
        while (true)
        {
            var end = Array.IndexOf(buffer, (byte)'\n', 0, length);
            if (end < 0 && length == buffer.Length)
            {
                await SendErrorAsync(
                    client, $"a request longer than {buffer.Length} bytes, expected a line").ConfigureAwait(false);
                return;
            }

            if (end < 0)
            {
                var read = await client.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, _end.Token)
                    .ConfigureAwait(false);
                // The last line may lack its end: `printf status | socat - …` is a fair question.
                if (read == 0 && length == 0)
                    return;
                if (read == 0)
                    buffer[end = length] = (byte)'\n';
                length += Math.Max(read, 1);
                continue;
            }

            var line = Encoding.UTF8.GetString(buffer, 0, end).Trim();
            buffer.AsSpan((end + 1)..length).CopyTo(buffer);
            length -= end + 1;
            if (line.Length > 0)
                await AnswerAsync(client, line).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(Socket client, string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var number = 0;
        if (words.Length > 2 || (words.Length == 2
            && !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out number)))
        {
            await SendErrorAsync(client, Expected(line)).ConfigureAwait(false);
            return;
        }

        switch (words[0], words.Length)
        {
            case ("status", 1):
                await SendAsync(client, await StatusAsync(withGroups: true).ConfigureAwait(false),
                    StatusJson.Default.MemberStatus).ConfigureAwait(false);
                break;
            case ("why", _):
                var changes = _source.Changes;
                var count = words.Length == 2 ? number : changes.Count;
                var node = (await StatusAsync(withGroups: false).ConfigureAwait(false)).Node;
                await SendAsync(client, new ChangesAnswer(
                    StatusProtocol.Version, node, [.. changes.Skip(Math.Max(0, changes.Count - count))]),
                    StatusJson.Default.ChangesAnswer).ConfigureAwait(false);
                break;
            case ("groups", 1):
                var groups = await StatusAsync(withGroups: true).ConfigureAwait(false);
                await SendAsync(client, new GroupsAnswer(
                    groups.Version, groups.Node, groups.IsSynchronized, groups.Groups),
                    StatusJson.Default.GroupsAnswer).ConfigureAwait(false);
                break;
            case ("members", 1):
                var members = await StatusAsync(withGroups: false).ConfigureAwait(false);
                await SendAsync(client, new MembersAnswer(members.Version, members.Node, members.Ring, members.Peers),
                    StatusJson.Default.MembersAnswer).ConfigureAwait(false);
                break;
            case ("stats", 1):
                await SendAsync(client, Statistics(await StatusAsync(withGroups: false).ConfigureAwait(false)),
                    StatusJson.Default.StatisticsAnswer).ConfigureAwait(false);
                break;
            case ("watch", _):
                await WatchAsync(client, words.Length == 2 ? number : StatusProtocol.WatchMillisecondsDefault)
                    .ConfigureAwait(false);
                break;
            default:
                await SendErrorAsync(client, Expected(line)).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>A status each interval, until the client goes.</summary>
    private async Task WatchAsync(Socket client, int milliseconds)
    {
        if (milliseconds is < StatusProtocol.WatchMillisecondsMin or > StatusProtocol.WatchMillisecondsMax)
        {
            await SendErrorAsync(client, $"watch {milliseconds}, expected {StatusProtocol.WatchMillisecondsMin} to "
                + $"{StatusProtocol.WatchMillisecondsMax} ms").ConfigureAwait(false);
            return;
        }

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(milliseconds));
        do
        {
            await SendAsync(client, await StatusAsync(withGroups: true).ConfigureAwait(false),
                StatusJson.Default.MemberStatus).ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync(_end.Token).ConfigureAwait(false));
    }

    private ValueTask<MemberStatus> StatusAsync(bool withGroups) => _source.GetStatusAsync(withGroups, _end.Token);

    private static StatisticsAnswer Statistics(MemberStatus x) =>
        new(x.Version, x.Node, x.Time, x.Rotation, x.Window, x.Backlog, x.Statistics);

    private static string Expected(string line) => $"'{line}' is no request, expected status, members, groups, stats, "
        + "why [COUNT] or watch [MILLISECONDS]";

    private Task SendErrorAsync(Socket client, string text) =>
        SendAsync(client, new ErrorAnswer(StatusProtocol.Version, text), StatusJson.Default.ErrorAnswer);

    private async Task SendAsync<T>(Socket client, T answer, JsonTypeInfo<T> type)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(answer, type);
        var bytes = new byte[text.Length + 1];
        text.CopyTo(bytes, 0);
        bytes[^1] = (byte)'\n';
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        limit.CancelAfter(_patience);
        for (var sent = 0; sent < bytes.Length;)
            sent += await client.SendAsync(bytes.AsMemory(sent), SocketFlags.None, limit.Token).ConfigureAwait(false);
    }
}
