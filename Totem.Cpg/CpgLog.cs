using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Internal;

namespace Totem.Cpg;

/// <summary>
/// Where a library without a console of its own complains: the system's log, and with <c>TOTEM_LOG=stderr</c> the standard error
/// too. What is said there is rare: a configuration that cannot be used, a failure that a return code cannot explain.
/// </summary>
internal static class CpgLog
{
    /// <summary>The daemon facility, severity error.</summary>
    private const int Priority = (3 << 3) | 3;

    private const string Program = "totem-cpg";

    /// <summary>
    /// What the <c>logging</c> section of the file asks for; null when there is none. The standard error is the program's, which gets lines with
    /// <c>TOTEM_LOG=stderr</c> only, whatever the file says to a daemon.
    /// </summary>
    public static ILoggerFactory? For(ConfLogging? logging)
        => logging is null ? null : new ConfiguredLog(logging, Program, ProgramEnvironment.Variable("TOTEM_LOG") == "stderr" ? StandardError.Write : null);

    public static void Error(string text)
    {
        if (ProgramEnvironment.Variable("TOTEM_LOG") == "stderr")
            StandardError.Write($"{Program}: {text}\n");
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Blocking = false;
            var line = string.Create(
                CultureInfo.InvariantCulture, $"<{Priority}>{Program}[{Environment.ProcessId}]: {text.ReplaceLineEndings(" | ")}");
            socket.SendTo(Encoding.UTF8.GetBytes(line), new UnixDomainSocketEndPoint("/dev/log"));
        }
        catch (SocketException)
        {
            // No log daemon, or it is busy: the return code has to do.
        }
    }
}
