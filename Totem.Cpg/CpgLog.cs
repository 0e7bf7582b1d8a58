using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Totem.Cpg;

/// <summary>
/// Where a library without a console of its own complains: the system's log, and with <c>TOTEM_LOG=stderr</c> the standard error
/// too. Errors are rare: a configuration that cannot be used, a failure that a return code cannot explain. Warnings are the ring's.
/// </summary>
internal static class CpgLog
{
    private const string SystemLog = "/dev/log";

    /// <summary>LOG_DAEMON of syslog(3), where corosync's lines are.</summary>
    private const int Facility = 3 << 3;

    public static void Error(string text) => Write(CpgSeverity.Error, text);

    public static void Write(CpgSeverity severity, string text)
    {
        if (ProgramEnvironment.Variable("TOTEM_LOG") == "stderr")
            StandardError.Write($"totem-cpg: {(severity == CpgSeverity.Warning ? "warning: " : "")}{text}\n");
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
                CultureInfo.InvariantCulture, $"<{Facility | (int)severity}>totem-cpg[{Environment.ProcessId}]: {text.ReplaceLineEndings(" | ")}");
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
