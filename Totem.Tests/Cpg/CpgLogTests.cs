using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Totem.Cpg.Program;
using Totem.Tests.Processes;
using Totem.Tests.Transport;

namespace Totem.Tests.Cpg;

/// <summary>A program with libcpg has nobody to tell its warnings: they go to the system's log.</summary>
public sealed class CpgLogTests
{
    [Fact]
    public void The_ring_s_log_goes_on_from_warnings_up_and_without_its_exception()
    {
        var lines = new List<string>();
        using var factory = new CpgLoggerFactory((severity, text) => lines.Add($"{(int)severity} {text}"));
        var logger = factory.CreateLogger("Totem.Node");
        var failure = new InvalidDataException("not this");
        foreach (var level in Enum.GetValues<LogLevel>())
            logger.Log(level, default, level, failure, static (state, passed) => $"{state}{passed}");
        Assert.Equal(["4 Warning", "3 Error", "3 Critical"], lines);
    }

    [Fact]
    public void A_line_of_the_system_log_has_its_severity_and_the_process()
    {
        using var folder = new TemporaryDirectory();
        var path = Path.Combine(folder.Path, "log");
        using var daemon = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        daemon.Bind(new UnixDomainSocketEndPoint(path));
        CpgLog.WriteTo(path, CpgSeverity.Warning, "one\ntwo");
        CpgLog.WriteTo(path, CpgSeverity.Error, "three");
        CpgLog.WriteTo(path + "-nobody", CpgSeverity.Error, "lost");
        Assert.Equal(Line(28, "one | two"), Receive());
        Assert.Equal(Line(27, "three"), Receive());

        string Receive()
        {
            var buffer = new byte[1000];
            return Encoding.UTF8.GetString(buffer, 0, daemon.Receive(buffer));
        }

        static string Line(int priority, string text)
            => string.Create(CultureInfo.InvariantCulture, $"<{priority}>totem-cpg[{Environment.ProcessId}]: {text}");
    }

    /// <summary>The warnings of a member's start: a key that means nothing.</summary>
    [NativeFact]
    public void A_program_with_libcpg_warns_of_keys_that_mean_nothing()
    {
        using var folder = new TemporaryDirectory();
        var configuration = Path.Combine(folder.Path, "c.conf");
        File.WriteAllText(configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            totem {
              version: 2
              cluster_name: seen
              transport: udpu
              tokn: 1000
              interface {
                linknumber: 0
                mcastport: {{Ports.TakeBase()}}
              }
            }
            nodelist {
              node {
                ring0_addr: 127.0.0.1
                nodeid: 1
              }
            }
            """));
        var said = SystemCommand.TryRun(
            $"env LD_LIBRARY_PATH={NativeBuild.Libraries} TOTEM_CONFIG={configuration} TOTEM_NODE=1 "
            + $"TOTEM_STATE={folder.Path} TOTEM_LOG=stderr "
            + NativeBuild.Program("cpg_credentials")).Said;
        Assert.Contains($"totem-cpg: warning: {configuration}:5: unknown key 'totem.tokn'", said,
            StringComparison.Ordinal);
    }
}
