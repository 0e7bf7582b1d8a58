using System.Diagnostics;
using Totem.Bench.Processes;

namespace Totem.Bench.Peers;

/// <summary>
/// A real corosync daemon at a node, with the files of a <see cref="DaemonFolder"/>, which its clients find at their
/// usual places too.
/// </summary>
internal sealed class CorosyncDaemon : IAsyncDisposable
{
    /// <summary>The length of the key that every run has, of zeros: nothing is secret here.</summary>
    public const int KeyBytes = 256;

    private const int LinesMax = 20;
    private const string ReadyText = "Completed service synchronization";

    private readonly Process _process;
    private readonly Queue<string> _lines = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;

    private CorosyncDaemon(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardError), ReadAsync(process.StandardOutput));
        _ = _reading.ContinueWith(
            _ => _ready.TrySetException(new RunFailedException($"a corosync daemon ended: {LastLines}")),
            TaskScheduler.Default);
    }

    /// <summary>Its process id: every command between us and the daemon becomes it.</summary>
    public int Pid => _process.Id;

    /// <summary>Ends when its services have synchronised for the first time, perhaps with itself only.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The command that runs another one where this daemon's clients find it.</summary>
    public IReadOnlyList<string> Wrapper => ["nsenter", "--target", $"{Pid}", "--mount", "--net"];

    /// <summary>Starts a daemon.</summary>
    /// <param name="wrapper">The command that enters its network.</param>
    /// <param name="folder">An empty folder for its files.</param>
    /// <param name="configuration">Its <c>corosync.conf</c>.</param>
    public static CorosyncDaemon Start(IReadOnlyList<string> wrapper, string folder, string configuration)
    {
        var files = new DaemonFolder(folder, configuration, new byte[KeyBytes]);
        string[] command = [.. wrapper, .. files.Command];
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        info.Environment["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin";
        return new CorosyncDaemon(Process.Start(info)!);
    }

    private string LastLines
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
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

            if (line.Contains(ReadyText, StringComparison.Ordinal))
                _ready.TrySetResult();
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
