using System.Diagnostics;
using System.Globalization;
using Totem.Bench.Processes;
using Totem.CommandLine;

namespace Totem.Bench.Peers;

/// <summary>
/// A real ZooKeeper server at the first node, with an empty folder. It writes its log without waiting for the disk,
/// unless <c>zookeeper.forceSync=yes</c> asks for it: a ring keeps nothing on disk either. Settings of the engine are
/// properties of Java.
/// </summary>
internal sealed class ZooKeeperServer : IAsyncDisposable
{
    private const string Archive = "/usr/share/java/zookeeper.jar";
    private const int OwnPort = 2181;
    private const int LoopbackSlot = 15; // Behind those of the nodes.
    private const int LinesMax = 20;

    // The guard reads our end of its input in its place: it ends with the server, or ends it.
    private const string Script = """
        exec 3<&0
        (while read -r x <&3; do :; done; [ "$(cat /proc/$$/comm)" = java ] && kill -9 $$) >/dev/null 2>&1 &
        exec "$@" </dev/null 3<&-
        """;

    private readonly Process _process;
    private readonly Queue<string> _lines = [];
    private readonly Task _reading;

    private ZooKeeperServer(Process process, int port)
    {
        (_process, Port) = (process, port);
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>Its process id: every command between us and the server becomes it.</summary>
    public int Pid => _process.Id;

    /// <summary>Where clients find it, at the first node's address.</summary>
    public int Port { get; }

    /// <summary>Its last words.</summary>
    public string LastLines
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Of the installed package; null when there is none. A link beside the archive has it
    /// in its name.</summary>
    public static string? Version
        => Path.GetDirectoryName(Archive) is { } folder && Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "zookeeper-*.jar")
            .Select(x => Path.GetFileNameWithoutExtension(x).Split('-', 2)[1])
                .FirstOrDefault(x => char.IsAsciiDigit(x[0]))
            : null;

    /// <summary>Fails unless there is a server here.</summary>
    public static void Require()
    {
        if (!File.Exists(Archive) || SystemCommand.TryRun("java", "-version").ExitCode != 0)
            throw new CommandFailedException(ExitCode.Usage, "ZooKeeper is not installed here (packages zookeeper, "
                + "libzookeeper-mt2 and default-jre-headless)");
    }

    /// <summary>Starts it. Clients wait until it serves.</summary>
    public static ZooKeeperServer Start(EngineSpec engine, IBenchNetwork network, string folder)
    {
        Require();
        var own = Directory.CreateDirectory(Path.Combine(folder, "zookeeper")).FullName;
        var isLoopback = network.Addresses.Count == 0;
        var port = isLoopback ? network.Port + LoopbackSlot : OwnPort;
        var file = Path.Combine(own, "zoo.cfg");
        File.WriteAllLines(file,
        [
            "tickTime=2000", $"dataDir={own}", string.Create(CultureInfo.InvariantCulture, $"clientPort={port}"),
            $"clientPortAddress={(isLoopback ? "127.0.0.1" : network.Addresses[0])}", "maxClientCnxns=0",
            "admin.enableServer=false",
        ]);
        string[] command =
        [
            .. network.WrapperOf(1), "/bin/sh", "-c", Script, "zookeeper", "java", "-Xmx768m", "-XX:-UsePerfData",
            "-Dzookeeper.forceSync=no",
            "-Dzookeeper.snapCount=10000000", .. engine.Settings.Select(x => $"-D{x}"), "-cp", Archive,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", file,
        ];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        return new ZooKeeperServer(process, port);
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_lines)
            {
                if (_lines.Count == LinesMax)
                    _lines.Dequeue();
                _lines.Enqueue(line);
            }
        }
    }

    /// <summary>Kills it. The guard ends with our end of its input.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        _process.Dispose();
    }
}
