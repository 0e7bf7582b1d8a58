using Totem.Sheepdog.Drivers;
using Totem.Sheepdog.Drivers.Local;
using Totem.Sheepdog.Drivers.ZooKeeper;

namespace Totem.Sheepdog;

/// <summary>Chooses a driver as sheep's <c>-c NAME[:OPTION]</c> does.</summary>
public static class ClusterDrivers
{
    /// <summary>The names, the default first.</summary>
    public static IReadOnlyList<string> Names { get; } = ["totem", "corosync", "zookeeper", "local"];

    /// <summary>Makes the driver that a text names; it is not connected yet.</summary>
    /// <param name="text">Everything up to the first colon must be a driver's name; null or empty
    /// takes the default.</param>
    /// <param name="option">The text for <see cref="IClusterDriver.Init"/>; null when there is no colon.</param>
    /// <exception cref="ClusterDriverException">There is no such driver.</exception>
    public static IClusterDriver Create(string? text, out string? option)
    {
        text = string.IsNullOrEmpty(text) ? Names[0] : text;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        option = colon < 0 ? null : text[(colon + 1)..];
        return name switch
        {
            "totem" => new TotemDriver(),
            "corosync" => new TotemDriver(readsSystemConfiguration: true),
            "zookeeper" => new ZooKeeperDriver(),
            "local" when OperatingSystem.IsLinux() => new LocalDriver(),
            "local" =>
                throw new ClusterDriverException("the driver local needs Linux: it lives on inotify and named pipes"),
            _ => throw new ClusterDriverException($"cluster driver '{name}', expected one of "
                + $"{string.Join(", ", Names)}"),
        };
    }
}
