using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Totem.Tests.Requirements;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Embedding;
using Xunit;

namespace Totem.Tests.Transport;

/// <summary>The <c>logging</c> section of a file is honoured.</summary>
public sealed class ConfiguredLogTests
{
    private const int Membership = 2000;

    private readonly StringBuilder _standardError = new();

    [Fact]
    public void Lines_go_to_the_standard_error_from_the_level_on_in_corosyncs_form()
    {
        Log(new ConfLogging { ToSyslog = false, Timestamp = LogTimestamp.None }, null);
        Assert.Equal("info    [TOTEM ] one\nwarning [MAIN  ] two | lines\n", _standardError.ToString());
        Assert.Matches("^[A-Z][a-z]{2} [0-9]{2} [0-9:]{8}\\.[0-9]{3} info ", Logged(LogTimestamp.Milliseconds));
        Assert.Matches("^[A-Z][a-z]{2} [0-9]{2} [0-9:]{8} info ", Logged(LogTimestamp.Seconds));

        string Logged(LogTimestamp timestamp)
        {
            _standardError.Clear();
            Log(new ConfLogging { ToSyslog = false, Timestamp = timestamp }, null);
            return _standardError.ToString();
        }
    }

    [Fact]
    public void Lines_go_to_the_file_and_to_the_one_that_takes_its_place()
    {
        using var folder = new TemporaryDirectory();
        var file = Path.Combine(folder.Path, "totem.log");
        var logging = new ConfLogging { ToStandardError = false, ToSyslog = false, LogFile = file,
            Level = LogLevel.Debug, Timestamp = LogTimestamp.None };
        Log(logging, null);
        File.Move(file, file + ".1");
        Log(logging, null);
        foreach (var path in new[] { file, file + ".1" })
        {
            Assert.Equal(
                [$"[{Environment.ProcessId}] {Environment.MachineName} program debug   [TOTEM ] zero",
                    $"[{Environment.ProcessId}] {Environment.MachineName} program info    [TOTEM ] one",
                    $"[{Environment.ProcessId}] {Environment.MachineName} program warning [MAIN  ] two | lines"],
                File.ReadAllLines(path));
        }

        Assert.Empty(_standardError.ToString());
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_named()
    {
        using var log = new ConfiguredLog(new ConfLogging { LogFile = "/" }, "program", null);
        Assert.Equal("logging.logfile /: is a directory, expected a file", log.FileProblem());
    }

    [LinuxFact]
    public void Lines_go_to_the_systems_log_with_facility_and_priority()
    {
        using var folder = new TemporaryDirectory();
        var path = Path.Combine(folder.Path, "log");
        using var daemon = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        daemon.Bind(new UnixDomainSocketEndPoint(path));
        Log(new ConfLogging { ToStandardError = false, SyslogFacility = 22, SyslogLevel = LogLevel.Warning }, path);
        var line = new byte[1000];
        var text = Encoding.UTF8.GetString(line, 0, daemon.Receive(line));
        Assert.Matches($"^<{(22 << 3) | 4}>[A-Z][a-z]{{2}} [0-9]{{2}} [0-9:]{{8}} "
            + $"program\\[{Environment.ProcessId}\\]: \\[MAIN  \\] two \\| lines$", text);
        Assert.Equal(0, daemon.Available);
    }

    [Fact]
    public void A_subsystem_may_say_less_and_more()
    {
        var quiet = new ConfLogging { ToSyslog = false, Timestamp = LogTimestamp.None };
        Log(quiet with { Subsystems = new Dictionary<string, ConfLogging>(StringComparer.Ordinal) { ["TOTEM"] =
            quiet with { Level = LogLevel.Debug }, ["MAIN"] = quiet with { Level = LogLevel.Error } } }, null);
        Assert.Equal("debug   [TOTEM ] zero\ninfo    [TOTEM ] one\n", _standardError.ToString());
    }

    private void Log(ConfLogging logging, string? systemLog)
    {
        using var log = new ConfiguredLog(
            logging, "program", text => _standardError.Append(text), systemLog ?? "/nowhere/log");
        var logger = log.CreateLogger("Totem");
#pragma warning disable CA1848, CA2254 // Three lines of a test.
        logger.LogDebug(new EventId(Membership), "zero");
        logger.LogInformation(new EventId(Membership), "one");
        logger.LogWarning(new EventId(1000), "two\nlines");
#pragma warning restore CA1848, CA2254
    }
}
