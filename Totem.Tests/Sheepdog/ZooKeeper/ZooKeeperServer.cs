using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Totem.Cli.Workers;
using Totem.Tests.Transport;

namespace Totem.Tests.Sheepdog.ZooKeeper;

/// <summary>A real server, on its own or in an ensemble. It ends with the test process, also when
/// that is killed.</summary>
internal sealed class ZooKeeperServer : IDisposable
{
    public const string Archive = "/usr/share/java/zookeeper.jar";

    // The guard between us and the server: it says the server's process id, and ends it when our
    // end of its input is closed.
    private const string Guard = "\"$@\" </dev/null & echo $!; cat >/dev/null; kill -9 $! 2>/dev/null";

    private const int AnswerMilliseconds = 5000;

    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly TemporaryDirectory _folder = new();
    private readonly Process _guard;
    private readonly StringBuilder _said = new();
    private readonly int _id;
    private Process? _server;

    /// <param name="id">Its number in the ensemble.</param>
    /// <param name="port">Where clients find it.</param>
    /// <param name="ensemble">The lines of the configuration that name the others.</param>
    /// <param name="heapMegabytes">The most memory for its data.</param>
    public ZooKeeperServer(int id, int port, IEnumerable<string> ensemble, int heapMegabytes = 192)
    {
        (_id, Port) = (id, port);
        var file = Path.Combine(_folder.Path, "zoo.cfg");
        // A short tick, so that short sessions are granted and ends are noticed early.
        string[] lines =
        [
            "tickTime=100", "minSessionTimeout=200", "maxSessionTimeout=60000", "initLimit=200", "syncLimit=100",
            $"dataDir={_folder.Path}", $"clientPort={port}", "clientPortAddress=127.0.0.1", "maxClientCnxns=0",
            "admin.enableServer=false", "4lw.commands.whitelist=*", "cnxTimeout=1000", .. ensemble,
        ];
        File.WriteAllLines(file, lines);
        File.WriteAllText(Path.Combine(_folder.Path, "myid"), id.ToString(CultureInfo.InvariantCulture));
        string[] command =
        [
            "java", $"-Xmx{heapMegabytes}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
            "-Dzookeeper.forceSync=no", "-Dzookeeper.preAllocSize=1024", "-Dzookeeper.snapCount=1000000",
            "-cp", Archive,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", file,
        ];
        _guard = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Guard, "guard", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        _guard.ErrorDataReceived += (_, line) =>
        {
            lock (_said)
                _said.Append(line.Data).Append('\n');
        };
        _guard.BeginErrorReadLine();
        _server = Process.GetProcessById(int.Parse(_guard.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture));
    }

    public int Port { get; }

    public int Pid => _server!.Id;

    public bool IsRunning => _server is not null;

    /// <summary>Resident memory in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _server!.Refresh();
            return _server.WorkingSet64;
        }
    }

    /// <summary>Processor time since it started.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _server!.Refresh();
            return _server.TotalProcessorTime;
        }
    }

    /// <summary>Waits until it serves clients.</summary>
    public void WaitUntilServing()
    {
        var end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!Ask("srvr").Contains("Mode: ", StringComparison.Ordinal))
        {
            Assert.True(Environment.TickCount64 < end, $"server {_id} does not serve at {Port}: {Said}");
            Thread.Sleep(20);
        }
    }

    private string Said
    {
        get
        {
            lock (_said)
                return $"{(_server!.HasExited ? "ended; " : "")}it said: {_said}";
        }
    }

    /// <summary>One of the servers' words of four letters; empty when it does not answer.</summary>
    public string Ask(string word)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, Port);
            client.ReceiveTimeout = AnswerMilliseconds;
            client.GetStream().Write(Encoding.ASCII.GetBytes(word));
            return new StreamReader(client.GetStream(), Encoding.ASCII).ReadToEnd();
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return "";
        }
    }

    /// <summary>A number of what <c>mntr</c> says.</summary>
    public long Measure(string name)
    {
        var line = Ask("mntr").Split('\n').First(x => x.StartsWith(name + '\t', StringComparison.Ordinal));
        return long.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }

    public void Pause() => ProcessSignal.Pause(_server!);

    public void Continue() => ProcessSignal.Continue(_server!);

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _server?.Kill();
        _server?.WaitForExit();
        _server = null;
    }

    public void Dispose()
    {
        Kill();
        _guard.StandardInput.Close();
        _guard.WaitForExit();
        _guard.Dispose();
        _folder.Dispose();
    }
}
