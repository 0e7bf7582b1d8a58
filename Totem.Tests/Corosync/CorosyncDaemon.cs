using System.Diagnostics;
using Totem.Cli.Workers;
using Totem.Tests.Processes;
using DaemonFolder = Totem.Bench.Peers.DaemonFolder;

namespace Totem.Tests.Corosync;

/// <summary>A real corosync daemon at a node of a <see cref="NamespaceNetwork"/>: one process, one life.</summary>
internal sealed class CorosyncDaemon : IAsyncDisposable
{
    // Bounds for a run that goes wrong, far above what busy cores need.
    private static readonly TimeSpan Limit = HangLimit.OfAWait;

    private readonly Process _process;
    private readonly Task _reading;
    private bool _wasEnded;

    private CorosyncDaemon(uint node, Process process, Action<CorosyncDaemon> onChange)
    {
        Node = node;
        _process = process;
        Pid = process.Id;
        Log = new DaemonLog($"daemon {node}", _ => onChange(this));
        _reading = ReadAsync(onChange);
    }

    /// <summary>Its node id.</summary>
    public uint Node { get; }

    /// <summary>Its process id, from the start to the end: every command between us and the daemon
    /// becomes it.</summary>
    public int Pid { get; }

    /// <summary>Its log.</summary>
    public DaemonLog Log { get; }

    /// <summary>The command that runs another one among this daemon's network and mounts, where its
    /// clients find it.</summary>
    public IReadOnlyList<string> Wrapper => ["nsenter", "--target", $"{Pid}", "--mount", "--net"];

    /// <summary>Starts a daemon; it is not ready yet.</summary>
    /// <param name="node">Its node.</param>
    /// <param name="network">Where the node is.</param>
    /// <param name="folder">The node's files.</param>
    /// <param name="onChange">Called after each line of its log and after its end, on any thread.</param>
    public static CorosyncDaemon Start(
        uint node, NamespaceNetwork network, DaemonFolder folder, Action<CorosyncDaemon> onChange)
    {
        string[] command = [.. network.WrapperOf(node), .. folder.Command];
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        info.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        return new CorosyncDaemon(node, Process.Start(info)!, onChange);
    }

    /// <summary>Fails, with the log, unless the process that was started still runs.</summary>
    public void AssertStillRuns()
    {
        if (_process.HasExited)
            throw new ReportException($"daemon {Node} ended with exit code "
                + $"{_process.ExitCode}\n{Log.Reports.Read(Log.Describe)}");
    }

    /// <summary>Runs a command where this daemon's clients run, such as <c>corosync-quorumtool -s</c>.</summary>
    public string Run(string commandLine) => SystemCommand.Run($"{string.Join(' ', Wrapper)} {commandLine}");

    /// <summary>The same, for a command that may fail: <c>corosync-quorumtool</c> does without quorum.</summary>
    public (int ExitCode, string Said) TryRun(string commandLine)
        => SystemCommand.TryRun($"{string.Join(' ', Wrapper)} {commandLine}");

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _wasEnded = true;
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGSTOP.</summary>
    public void Pause() => ProcessSignal.Pause(_process);

    /// <summary>SIGCONT.</summary>
    public void Continue() => ProcessSignal.Continue(_process);

    /// <summary>SIGTERM: it says goodbye. Waits for its end, which must be a good one.</summary>
    public async Task StopAsync()
    {
        AssertStillRuns();
        _wasEnded = true;
        SystemCommand.Run($"/bin/sh -c 'kill -TERM {Pid}'");
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        if (_process.ExitCode != 0)
            throw new ReportException($"daemon {Node} ended with exit code "
                + $"{_process.ExitCode}\n{Log.Reports.Read(Log.Describe)}");
    }

    /// <summary>True when it ended though nobody asked it to.</summary>
    public bool HasDied => _process.HasExited && !_wasEnded;

    private async Task ReadAsync(Action<CorosyncDaemon> onChange)
    {
        await Task.WhenAll(ReadLinesAsync(_process.StandardError), ReadLinesAsync(_process.StandardOutput));
        await _process.WaitForExitAsync();
        Log.Reports.End();
        onChange(this);
    }

    private async Task ReadLinesAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
            Log.Append(line);
    }

    /// <summary>Kills it if it still runs, and waits for its end. The guard ends with our end of its input.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            Kill();
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
    }
}
