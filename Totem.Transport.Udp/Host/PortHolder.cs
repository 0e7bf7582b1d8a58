using System.Net;

namespace Totem.Transport.Udp.Host;

/// <summary>The holder of a port that we want, as far as this host tells.</summary>
internal enum PortHolderKind
{
    /// <summary>A member of ours, or we cannot tell.</summary>
    Member,

    /// <summary>A corosync daemon runs on this host, and no member of ours has the port.</summary>
    Daemon,

    /// <summary>Neither: another program, or a member that is starting or ending at this moment.</summary>
    Unknown,
}

/// <summary>Finds and describes <see cref="PortHolderKind"/>.</summary>
internal static class PortHolder
{
    public static PortHolderKind KindOf(IPEndPoint endPoint)
    {
        if (!OperatingSystem.IsLinux() || !HostProcess.CanAsk() || HostProcess.Member(endPoint) is not null)
            return PortHolderKind.Member;
        return HostProcess.Daemon() is null ? PortHolderKind.Unknown : PortHolderKind.Daemon;
    }

    /// <summary>Its name and the remedy, as the rest of a sentence that says that the port is taken.</summary>
    public static string Describe(IPEndPoint endPoint)
    {
        if (!OperatingSystem.IsLinux())
            return "";
        if (HostProcess.Member(endPoint) is { } member)
            return $"; a member of ours has it: {member}";
        return HostProcess.Daemon() is { } daemon
            ? $"; the corosync daemon of this host runs: {daemon}. Two cannot be one node: stop it (systemctl stop "
                + "corosync) and start this again, or let "
                + "programs use the daemon with the distribution's libcpg"
            : "; find out who has it with `ss -ulnp`, and stop it or use another port";
    }
}
