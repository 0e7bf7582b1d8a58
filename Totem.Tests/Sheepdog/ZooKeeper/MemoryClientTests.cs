using Totem.Sheepdog.Drivers.ZooKeeper;
using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>Watches in memory are told as ZooKeeper promises it.</summary>
public sealed class MemoryClientTests
{
    /// <summary>A client is told of a watch before an answer that shows what has changed, and once.</summary>
    [Fact]
    public void A_watch_is_told_once_and_before_the_change_is_seen()
    {
        var memory = new MemoryZooKeeper(2, ["/a"]);
        memory.BeginSession(1);
        var client = new MemoryClient(memory, 1);
        client.Connect(memory.Servers[0]);
        client.Submit(new(RequestPurpose.ReaderLooks, BackendRequestKind.Exists, "/a/b") { IsWatched = true });
        client.Handle();
        memory.Commit(0, [ZooKeeperWrite.Create("/a/b", new byte[1])]);
        client.Submit(new(RequestPurpose.ReaderReads, BackendRequestKind.Get, "/a/b"));
        // This server has not heard of it.
        client.Handle();
        memory.Servers[0].Learn(memory.Last);
        client.Submit(new(RequestPurpose.ReaderReads, BackendRequestKind.Get, "/a/b"));
        client.Handle();
        memory.Commit(0, [ZooKeeperWrite.Set("/a/b", new byte[2], 0)]);
        memory.Servers[0].Learn(memory.Last);
        Assert.Equal(["Connected", "NoNode", "NoNode", "Created /a/b", "Ok"], Told(client));
    }

    /// <summary>Also when the change was missed while there was no connection.</summary>
    [Theory]
    [InlineData(false, "Connecting, Connected")]
    [InlineData(true, "Connecting, Connected, Created /a/b")]
    public void A_watch_is_set_again_with_the_next_connection(bool isMissed, string told)
    {
        var memory = new MemoryZooKeeper(2, ["/a"]);
        memory.BeginSession(1);
        var client = new MemoryClient(memory, 1);
        client.Connect(memory.Servers[0]);
        client.Submit(new(RequestPurpose.ReaderLooks, BackendRequestKind.Exists, "/a/b") { IsWatched = true });
        client.Handle();
        Assert.Equal(["Connected", "NoNode"], Told(client));
        client.Break();
        if (isMissed)
            memory.Commit(0, [ZooKeeperWrite.Create("/a/b", new byte[1])]);
        memory.Servers[1].Learn(memory.Last);
        client.Connect(memory.Servers[1]);
        Assert.Equal(told, string.Join(", ", Told(client)));
    }

    private static List<string> Told(MemoryClient client)
    {
        var told = new List<string>();
        while (client.HasNews)
        {
            if (client.Take() is { } news)
                told.Add(news.Answer is { } answer ? $"{answer.Code}" : news.What == ZooKeeperEvent.Session
                    ? $"{news.State}"
                    : $"{news.What} {news.Path}");
        }

        return told;
    }
}
