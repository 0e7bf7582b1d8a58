namespace Totem.Hosting;

/// <summary>
/// The settings of the member of a ring that an application hosts, as they are bound from a configuration section. A
/// key that is not a property of this class is refused at the start.
/// </summary>
public sealed class TotemSettings
{
    /// <summary>The path of a <c>corosync.conf</c>: the hosts of the ring, its transport and its keys. Null, the
    /// default, is a ring of processes on this host.</summary>
    public string? ConfigurationFile { get; set; }

    /// <summary>Which node of <see cref="ConfigurationFile"/> this is, or which of the 14 slots of this host. Null
    /// finds the node by this host's name and addresses, and takes any free slot.</summary>
    public uint? NodeId { get; set; }

    /// <summary>On one host: the base port. Processes with the same port and <see cref="Name"/> are on one
    /// ring.</summary>
    public int Port { get; set; } = UdpTransportOptions.DefaultPort;

    /// <summary>On one host: which ring of those with the same port. Null takes the name of the program.</summary>
    public string? Name { get; set; }

    /// <summary>The directory of the ring sequence, which survives restarts. Null takes one of this user on one host,
    /// and <c>/var/lib/totem</c> with a <see cref="ConfigurationFile"/>.</summary>
    public string? StateDirectory { get; set; }

    /// <summary>How many members the ring has when all are well: readiness and <see cref="TotemRing.MajorityLost"/>
    /// rest on it. Null takes the nodes of <see cref="ConfigurationFile"/>, and 1 on one host.</summary>
    public int? ExpectedMembers { get; set; }

    /// <summary>How long a stop waits until every member has everything that was accepted. Default 10 s; keep it below
    /// the host's own shutdown timeout.</summary>
    public TimeSpan FlushTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>When a reader of events has taken nothing for so long, the member goes on without the others instead of
    /// holding them up. Default 2 s.</summary>
    public TimeSpan StoppedReaderTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the liveness check waits for the ring's thread. Default 5 s.</summary>
    public TimeSpan LivenessTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the application stops when the ring has stopped by itself or a handler has failed. Default
    /// true: an application that goes on would no longer hear of its groups.</summary>
    public bool StopsApplication { get; set; } = true;
}
