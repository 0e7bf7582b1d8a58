using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Totem.Cpg;

/// <summary>
/// Where a library without a console of its own complains: the system's log, and with <c>TOTEM_LOG=stderr</c> the standard error
/// too. What is said there is rare: a configuration that cannot be used, a failure that a return code cannot explain.
/// </summary>
internal static class CpgLog
{
    /// <summary>The daemon facility, severity error.</summary>
    private const int Priority = (3 << 3) | 3;

    public static void Error(string text)
    {
        if (ProgramEnvironment.Variable("TOTEM_LOG") == "stderr")
            StandardError.Write($"totem-cpg: {text}\n");
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Blocking = false;
            var line = string.Create(
                CultureInfo.InvariantCulture, $"<{Priority}>totem-cpg[{Environment.ProcessId}]: {text.ReplaceLineEndings(" | ")}");
            socket.SendTo(Encoding.UTF8.GetBytes(line), new UnixDomainSocketEndPoint("/dev/log"));
        }
        catch (SocketException)
        {
            // No log daemon, or it is busy: the return code has to do.
        }
    }
}
