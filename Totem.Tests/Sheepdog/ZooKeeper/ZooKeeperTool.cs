using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;
using Totem.Sheepdog.Ordering;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>An operator's deeds, or those of one of sheep's own tools, on a cluster's znodes.</summary>
internal sealed class ZooKeeperTool : IDisposable
{
    private readonly ZooKeeperServer _server;
    private readonly ZooKeeperClient _client;

    private ZooKeeperTool(ZooKeeperServer server, ZooKeeperClient client, string root) =>
        (_server, _client, Paths) = (server, client, new ZooKeeperPaths(root));

    public ZooKeeperPaths Paths { get; }

    public ZooKeeperClient Client => _client;

    public PeerId Self => ZooKeeperPaths.PeerOf(_client.SessionId);

    public static async Task<ZooKeeperTool> OpenAsync(ZooKeeperServer server, string root, int timeout = 30_000)
    {
        var options = ZooKeeperDriverOptions.Parse($"127.0.0.1:{server.Port}{root},timeout={timeout}");
        return new ZooKeeperTool(
            server, await ZooKeeperConnection.OpenAsync(options, TimeSpan.FromSeconds(30), default), root);
    }

    public async Task<string[]> ListAsync(string path)
    {
        // Entries that others have written may not be known here yet.
        await _client.SyncAsync(path);
        var (code, names) = await _client.ChildrenAsync(path);
        Assert.Equal(ZooKeeperCode.Ok, code);
        return names;
    }

    public async Task<(byte[] Data, ZooKeeperStat Stat)> ReadAsync(string path)
    {
        await _client.SyncAsync(path);
        var (code, data, stat) = await _client.GetAsync(path);
        Assert.Equal(ZooKeeperCode.Ok, code);
        return (data!, stat);
    }

    public async Task DeleteAsync(string path) =>
        Assert.Equal(ZooKeeperCode.Ok, (await _client.WriteAsync(ZooKeeperWrite.Delete(path))).Code);

    /// <summary>All entries that are there.</summary>
    public async Task<LogEntry[]> EntriesAsync()
    {
        var entries = new List<LogEntry>();
        foreach (var name in (await ListAsync(Paths.Queue)).Order(StringComparer.Ordinal))
            entries.Add(LogEntry.TryDecode((await ReadAsync($"{Paths.Queue}/{name}")).Data)!.Value);
        return [.. entries];
    }

    /// <summary>Takes a session over by what its member znode says, and ends it: what sheep's tool does to kill a node.
    /// Its owner may take it back before it is ended, so it is tried until the znode is gone.</summary>
    public async Task EndSessionAsync(string member)
    {
        var (credentials, stat) = await ReadAsync(member);
        ZooKeeperStat now;
        do
        {
            TakeOver(credentials);
            await _client.SyncAsync(member);
            now = (await _client.ExistsAsync(member)).Stat;
        }
        while (now.EphemeralOwner == stat.EphemeralOwner);
    }

    private void TakeOver(ReadOnlySpan<byte> credentials)
    {
        Span<byte> request = stackalloc byte[4 + 45];
        BinaryPrimitives.WriteInt32BigEndian(request, 45);
        BinaryPrimitives.WriteInt64BigEndian(request[8..], 0);
        BinaryPrimitives.WriteInt32BigEndian(request[16..], 10_000);
        BinaryPrimitives.WriteInt64BigEndian(request[20..], BinaryPrimitives.ReadInt64LittleEndian(credentials));
        BinaryPrimitives.WriteInt32BigEndian(request[28..], 16);
        credentials[8..24].CopyTo(request[32..]);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, _server.Port);
        // Behind it: length, number of the request, closeSession.
        socket.Send([.. request, 0, 0, 0, 8, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xF5]);
        Span<byte> answer = stackalloc byte[64];
        while (socket.Receive(answer) > 0)
        {
        }
    }

    public void Dispose() => _client.Dispose();
}
