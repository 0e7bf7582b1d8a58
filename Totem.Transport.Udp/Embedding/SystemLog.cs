using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Totem.Transport.Udp.Embedding;

/// <summary>
/// The system's log, as syslog(3) writes to it. Not that function itself: what it remembers of the program's name and
/// facility is the program's own. Without a log daemon, or when it is busy, a line is lost.
/// </summary>
internal sealed class SystemLog(string path, string program) : IDisposable
{
    public const string DefaultPath = "/dev/log";

    private Socket? _socket;

    /// <summary>Sends a line.</summary>
    /// <param name="facility">Its number in syslog.h.</param>
    /// <param name="level">How bad it is.</param>
    /// <param name="text">One line.</param>
    public void Write(int facility, LogLevel level, string text)
    {
        var head = string.Create(
            CultureInfo.InvariantCulture, $"<{(facility << 3) | Severity(level)}>{DateTime.Now:MMM dd HH:mm:ss} "
            + $"{program}[{Environment.ProcessId}]: ");
        var line = Encoding.UTF8.GetBytes(head + text);
        // The daemon may have been started anew.
        if (!TrySend(line))
            TrySend(line);
    }

    /// <inheritdoc />
    public void Dispose() => _socket?.Dispose();

    private bool TrySend(byte[] line)
    {
        try
        {
            if (_socket is null)
            {
                _socket =
                    new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
                _socket.Connect(new UnixDomainSocketEndPoint(path));
            }

            _socket.Send(line);
            return true;
        }
        catch (SocketException)
        {
            _socket?.Dispose();
            _socket = null;
            return false;
        }
    }

    private static int Severity(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };
}
