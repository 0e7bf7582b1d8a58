using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Totem.Tests;
using Totem.Tests.Requirements;
using Totem.Transport.Udp.Operation;

namespace Totem.Operation.Tests.Sockets;

/// <summary>The socket of a member, from outside: what docs/reference/status.md promises.</summary>
public sealed class StatusSocketTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _limit = new(HangLimit.OfAWait);

    [LinuxTheory]
    [InlineData("status", "statistics")]
    [InlineData("members", "peers")]
    [InlineData("groups", "groups")]
    [InlineData("stats", "statistics")]
    [InlineData("why", "changes")]
    [InlineData("why 2", "changes")]
    [InlineData("  status \r", "statistics")]
    [InlineData("watch 100", "statistics")]
    public async Task A_request_is_answered_by_a_line_of_JSON_with_the_version(string request, string field)
    {
        using var member = StatusSocket.Open(new FakeMember(groups: 2, changes: 3), _directory.Path);
        var answer = await AskAsync(member.Path, request + "\n");
        Assert.Equal(1, answer.GetProperty("version").GetInt32());
        Assert.Equal(1, answer.GetProperty("node").GetInt32());
        Assert.NotEqual(JsonValueKind.Undefined, answer.GetProperty(field).ValueKind);
    }

    [LinuxFact]
    public async Task Why_gives_as_many_of_the_last_changes_as_are_asked_for()
    {
        using var member = StatusSocket.Open(new FakeMember(changes: 5), _directory.Path);
        var changes = (await AskAsync(member.Path, "why 2\n")).GetProperty("changes");
        Assert.Equal(["1.4", "1.5"], changes.EnumerateArray().Select(x => x.GetProperty("ring").GetString()!),
            StringComparer.Ordinal);
    }

    [LinuxTheory]
    [InlineData("nonsense\n", "'nonsense' is no request, expected status, members, groups, stats, why [COUNT] or watch "
        + "[MILLISECONDS]")]
    [InlineData("status 5\n", "'status 5' is no request")]
    [InlineData("why many\n", "'why many' is no request")]
    [InlineData("why -1\n", "'why -1' is no request")]
    [InlineData("why 1 2\n", "'why 1 2' is no request")]
    [InlineData("watch 99\n", "watch 99, expected 100 to 3600000 ms")]
    [InlineData("watch 3600001\n", "watch 3600001, expected 100 to 3600000 ms")]
    public async Task What_is_no_request_is_told_what_was_expected(string request, string error)
    {
        using var member = StatusSocket.Open(new FakeMember(), _directory.Path);
        var answer = await AskAsync(member.Path, request);
        Assert.StartsWith(error, answer.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, answer.GetProperty("version").GetInt32());
    }

    [LinuxFact]
    public async Task Several_requests_may_come_in_one_piece_and_the_last_may_lack_its_end()
    {
        using var member = StatusSocket.Open(new FakeMember(), _directory.Path);
        using var client = await ConnectAsync(member.Path);
        await client.SendAsync("status\nstats\nmembers"u8.ToArray());
        using var reader = new StreamReader(new NetworkStream(client));
        client.Shutdown(SocketShutdown.Send);
        var lines = (await reader.ReadToEndAsync(_limit.Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.All(lines, x => Assert.StartsWith("{\"version\":1,", x, StringComparison.Ordinal));
    }

    [LinuxFact]
    public async Task A_line_that_does_not_end_is_refused_and_the_client_sent_away()
    {
        using var member = StatusSocket.Open(new FakeMember(), _directory.Path);
        using var client = await ConnectAsync(member.Path);
        await client.SendAsync(Encoding.ASCII.GetBytes(new string('s', StatusProtocol.RequestBytesMax)));
        using var reader = new StreamReader(new NetworkStream(client));
        Assert.Contains("a request longer than 1024 bytes", await reader.ReadLineAsync(_limit.Token),
            StringComparison.Ordinal);
        Assert.Null(await reader.ReadLineAsync(_limit.Token));
    }

    [LinuxFact]
    public async Task One_client_too_many_is_told_so_and_the_others_stay()
    {
        using var member = StatusSocket.Open(new FakeMember(), _directory.Path);
        var clients = new List<Socket>();
        for (var i = 0; i < StatusProtocol.ClientsMax; i++)
        {
            clients.Add(await ConnectAsync(member.Path));
            await AskAsync(clients[i], "stats\n");
        }

        using var late = await ConnectAsync(member.Path);
        using var reader = new StreamReader(new NetworkStream(late));
        Assert.Contains("16 clients are connected", await reader.ReadLineAsync(_limit.Token), StringComparison.Ordinal);
        Assert.Null(await reader.ReadLineAsync(_limit.Token));
        Assert.Equal(1, (await AskAsync(clients[0], "stats\n")).GetProperty("node").GetInt32());
        clients.ForEach(x => x.Dispose());
    }

    [LinuxFact]
    public async Task A_client_that_does_not_read_is_sent_away_and_the_next_is_served()
    {
        // A status is longer than the system keeps for a client that does not read.
        using var member = StatusSocket.Open(
            new FakeMember(groups: 8000), _directory.Path, patience: TimeSpan.FromMilliseconds(50));
        var clients = new List<Socket>();
        for (var i = 0; i < StatusProtocol.ClientsMax; i++)
        {
            var client = await ConnectAsync(member.Path);
            await client.SendAsync("watch 100\n"u8.ToArray());
            clients.Add(client);
        }

        // Sooner or later everybody has been sent away, which makes room for who asks now.
        JsonElement answer;
        do
            answer = await AskAsync(member.Path, "stats\n");
        while (answer.TryGetProperty("error", out _));
        Assert.Equal(42, answer.GetProperty("statistics").GetProperty("messagesDelivered").GetInt32());
        clients.ForEach(x => x.Dispose());
    }

    [LinuxFact]
    public void Only_the_user_may_connect()
    {
        using var member = StatusSocket.Open(new FakeMember(), _directory.Path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(member.Path));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(_directory.Path));
    }

    [LinuxFact]
    public void Each_member_of_a_process_has_a_socket_and_takes_it_away_at_its_end()
    {
        var first = StatusSocket.Open(new FakeMember(), _directory.Path);
        var second = StatusSocket.Open(new FakeMember(), _directory.Path);
        Assert.Equal(2, MemberSocket.Find(_directory.Path).Count);
        first.Dispose();
        Assert.Equal([second.Path], MemberSocket.Find(_directory.Path), StringComparer.Ordinal);
        second.Dispose();
        Assert.Empty(MemberSocket.Find(_directory.Path));
    }

    [LinuxFact]
    public async Task What_a_killed_process_left_is_nobody_and_the_next_start_removes_it()
    {
        Directory.CreateDirectory(_directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite
            | UnixFileMode.UserExecute);
        var stale = Path.Combine(_directory.Path, $"member-{int.MaxValue}-1.sock");
        var alive = Path.Combine(_directory.Path, $"member-{int.MaxValue - 1}-1.sock");
        using (var killed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            killed.Bind(new UnixDomainSocketEndPoint(stale));
        // Of another process namespace, whose numbers are not ours.
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(alive));
        other.Listen();

        Assert.Null(await MemberSocket.ConnectAsync(stale));
        using var member = StatusSocket.Open(new FakeMember(), _directory.Path);
        Assert.Equal(
            new[] { alive, member.Path }.Order(StringComparer.Ordinal), MemberSocket.Find(_directory.Path),
            StringComparer.Ordinal);
    }

    [LinuxFact]
    public void A_directory_that_others_can_write_in_is_refused()
    {
        Directory.CreateDirectory(_directory.Path);
        File.SetUnixFileMode(_directory.Path, (UnixFileMode)0b111_111_111);
        var failure = Assert.Throws<IOException>(() => StatusSocket.Open(new FakeMember(), _directory.Path));
        Assert.Contains("can be written by others", failure.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void A_path_that_no_socket_can_have_is_refused()
    {
        var directory = Path.Combine(_directory.Path, new string('d', 100));
        Directory.CreateDirectory(_directory.Path);
        var failure = Assert.Throws<IOException>(() => StatusSocket.Open(new FakeMember(), directory));
        Assert.Contains("expected fewer than 108 bytes", failure.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_status_and_a_change_come_over_as_they_were()
    {
        using var member = StatusSocket.Open(new FakeMember(groups: 1, changes: 1), _directory.Path);
        using var client = await MemberSocket.ConnectAsync(member.Path);
        var status = await client!.GetStatusAsync();
        Assert.Equal((new ProcessorId(1), 4711, "fake"), (status.Node, status.Pid, status.Program));
        Assert.Equal(new PeerStatus(new(2), "10.0.0.2:5405", true, TimeSpan.FromMilliseconds(3)),
            Assert.Single(status.Peers));
        Assert.Equal(42, status.Statistics.MessagesDelivered);

        var expected = FakeMember.Change(1);
        var change = Assert.Single(await client.GetChangesAsync());
        Assert.Equal(expected.Silences, change.Silences);
        Assert.Equal(expected.BrokenLinks, change.BrokenLinks);
        Assert.Equal(
            expected with { Silences = [], BrokenLinks = [] }, change with { Silences = [], BrokenLinks = [] });
        Assert.Equal(expected.Sentence, change.Sentence);
    }

    [LinuxFact]
    public async Task A_program_that_says_something_else_is_an_error_that_names_the_socket()
    {
        Directory.CreateDirectory(_directory.Path);
        var path = Path.Combine(_directory.Path, "member-1-1.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var asking = AskStatusAsync();
        using var accepted = await listener.AcceptAsync(_limit.Token);
        await accepted.SendAsync("{\"version\":1,\"error\":\"not you\"}\n"u8.ToArray());
        var failure = await Assert.ThrowsAsync<IOException>(() => asking);
        Assert.Equal($"{path}: not you", failure.Message);

        async Task AskStatusAsync()
        {
            using var client = await MemberSocket.ConnectAsync(path, _limit.Token);
            await client!.GetStatusAsync(_limit.Token);
        }
    }

    private async Task<Socket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), _limit.Token);
        return socket;
    }

    private async Task<JsonElement> AskAsync(string path, string request)
    {
        using var client = await ConnectAsync(path);
        return await AskAsync(client, request);
    }

    private async Task<JsonElement> AskAsync(Socket client, string request)
    {
        try
        {
            await client.SendAsync(Encoding.UTF8.GetBytes(request), SocketFlags.None, _limit.Token);
        }
        catch (SocketException)
        {
            // Sent away already; what was said before can be read.
        }

        using var reader = new StreamReader(new NetworkStream(client));
        return JsonDocument.Parse((await reader.ReadLineAsync(_limit.Token))!).RootElement.Clone();
    }

    public void Dispose()
    {
        _directory.Dispose();
        _limit.Dispose();
    }
}
