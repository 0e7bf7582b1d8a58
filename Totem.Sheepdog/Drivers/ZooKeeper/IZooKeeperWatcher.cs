using Totem.Sheepdog.Drivers.ZooKeeper.Native;

namespace Totem.Sheepdog.Drivers.ZooKeeper;

/// <summary>The receiver of news that a client is not asked for. On the client library's thread, in one order with the
/// answers.</summary>
internal interface IZooKeeperWatcher
{
    /// <summary>The session's connection has changed.</summary>
    void OnState(ZooKeeperState state);

    /// <summary>A watch has fired.</summary>
    void OnWatch(ZooKeeperEvent what, string path);
}
