using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Embedding;

namespace Totem.Cpg.Program;

/// <summary>
/// Where a library without a console of its own complains: the system's log, and with <c>TOTEM_LOG=stderr</c> the
/// standard error too. Errors are rare: a configuration that cannot be used, a failure that a return code cannot
/// explain. Warnings are the ring's.
/// </summary>
internal static class CpgLog
{
    private const string SystemLog = "/dev/log";

    private const string Program = "totem-cpg";

    /// <summary>LOG_DAEMON of syslog(3), where corosync's lines are.</summary>
    private const int Facility = 3 << 3;

    /// <summary>
    /// The log that the <c>logging</c> section of the file asks for; null when there is none. The standard error is the
    /// program's, which gets lines with <c>TOTEM_LOG=stderr</c> only, whatever the file says to a daemon.
    /// </summary>
    public static ILoggerFactory? For(ConfLogging? logging)
        => logging is null ? null : new ConfiguredLog(
            logging, Program, ProgramEnvironment.Variable("TOTEM_LOG") == "stderr" ? StandardError.Write : null);

    public static void Error(string text) => Write(CpgSeverity.Error, text);

    public static void Write(CpgSeverity severity, string text)
    {
        if (ProgramEnvironment.Variable("TOTEM_LOG") == "stderr")
            StandardError.Write($"{Program}: {(severity == CpgSeverity.Warning ? "warning: " : "")}{text}\n");
        WriteTo(SystemLog, severity, text);
    }

    /// <summary>To the daemon that listens at a path, if there is one and it has room.</summary>
    internal static void WriteTo(string path, CpgSeverity severity, string text)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Blocking = false;
            var line = string.Create(
                CultureInfo.InvariantCulture, $"<{Facility | (int)severity}>{Program}[{Environment.ProcessId}]: "
                    + $"{text.ReplaceLineEndings(" | ")}");
            socket.SendTo(Encoding.UTF8.GetBytes(line), new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            // No log daemon, or it is busy: the return code has to do.
        }
    }
}

/// <summary>How much a line matters; the numbers are those of syslog(3).</summary>
internal enum CpgSeverity
{
    Error = 3,
    Warning = 4,
}
