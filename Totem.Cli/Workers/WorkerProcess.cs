using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Totem.Cli.Nodes;
using Totem.CommandLine;

namespace Totem.Cli.Workers;

/// <summary>
/// A child process that runs one member: commands go to its standard input, events come from its standard output. The
/// child leaves when its input ends, so it never outlives this process for long, however this one ends.
/// </summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private const int ErrorLinesMax = 40;
    private const string VoluntarySwitches = "voluntary_ctxt_switches:";

    private readonly Process _process;
    private readonly Queue<string> _errorLines = [];
    private readonly Lock _writeLock = new();
    private readonly Task _reading;

    private WorkerProcess(
        WorkerLaunch launch, int incarnation, Process process, Action<WorkerProcess, NodeEvent?> onEvent)
    {
        Node = launch.Node;
        Incarnation = incarnation;
        _process = process;
        _reading = ReadAsync(onEvent);
    }

    /// <summary>Its node id.</summary>
    public uint Node { get; }

    /// <summary>Which life of the node this process is, from 1.</summary>
    public int Incarnation { get; }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>True once it was killed on purpose.</summary>
    public bool WasKilled { get; private set; }

    /// <summary>True when the process is over.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The exit code of the process; null while it runs.</summary>
    public int? ReturnCode => _process.HasExited ? _process.ExitCode : null;

    /// <summary>The facts of its events; see there for who may read them.</summary>
    public WorkerView View { get; } = new();

    /// <summary>Starts the process.</summary>
    /// <param name="launch">How.</param>
    /// <param name="incarnation">Which life of the node it is.</param>
    /// <param name="onEvent">Called for each event, and with null when there will be none any more; on any
    /// thread.</param>
    /// <exception cref="CommandFailedException">It cannot be started.</exception>
    public static WorkerProcess Start(WorkerLaunch launch, int incarnation, Action<WorkerProcess, NodeEvent?> onEvent)
    {
        var info = launch.ToStartInfo();
        try
        {
            var process = Process.Start(info) ?? throw new InvalidOperationException("no process");
            return new WorkerProcess(launch, incarnation, process, onEvent);
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new CommandFailedException(ExitCode.Environment, $"cannot start {info.FileName}: {failure.Message}");
        }
    }

    /// <summary>Tells it something. A line to a dead process is lost.</summary>
    public void Tell(WorkerInstruction command)
    {
        var line = JsonSerializer.Serialize(command, WorkerInstructionJson.Default.WorkerInstruction);
        lock (_writeLock)
        {
            try
            {
                _process.StandardInput.WriteLine(line);
                _process.StandardInput.Flush();
            }
            catch (IOException)
            {
                // It died; whoever waits for it learns that from the end of its events.
            }
        }
    }

    /// <summary>SIGKILL: no goodbye.</summary>
    public void Kill()
    {
        WasKilled = true;
        _process.Kill();
    }

    /// <summary>SIGSTOP: it stands still and knows nothing of it.</summary>
    public void Pause() => ProcessSignal.Pause(_process);

    /// <summary>SIGCONT: it runs on.</summary>
    public void Continue() => ProcessSignal.Continue(_process);

    /// <summary>The processor time it has used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>How often each of its threads has gone to sleep so far, by the thread's number. Linux only.</summary>
    public IReadOnlyDictionary<string, long> ReadSleeps()
    {
        var sleeps = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{_process.Id}/task"))
        {
            if (TryReadSleeps(thread) is { } count)
                sleeps.Add(Path.GetFileName(thread), count);
        }

        return sleeps;
    }

    private static long? TryReadSleeps(string thread)
    {
        try
        {
            var line = File.ReadLines(Path.Combine(thread, "status"))
                .First(x => x.StartsWith(VoluntarySwitches, StringComparison.Ordinal));
            return long.Parse(line.AsSpan(VoluntarySwitches.Length), NumberStyles.AllowLeadingWhite,
                CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null; // It has ended meanwhile.
        }
    }

    /// <summary>Waits until the process is over and its last event was read.</summary>
    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        return _process.ExitCode;
    }

    /// <summary>The last lines it wrote to standard error.</summary>
    public string LastErrors
    {
        get
        {
            lock (_errorLines)
                return string.Join('\n', _errorLines);
        }
    }

    private async Task ReadAsync(Action<WorkerProcess, NodeEvent?> onEvent)
    {
        try
        {
            await Task.WhenAll(ReadEventsAsync(onEvent), ReadErrorsAsync()).ConfigureAwait(false);
            // Its output ends a little before it does: whoever hears of the end asks for its last words and
            // its exit code.
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }
        finally
        {
            onEvent(this, null);
        }
    }

    private async Task ReadEventsAsync(Action<WorkerProcess, NodeEvent?> onEvent)
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (TryParse(line) is { } nodeEvent)
                onEvent(this, nodeEvent);
        }
    }

    private NodeEvent? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, NodeEventJson.Default.NodeEvent);
        }
        catch (JsonException)
        {
            // The last line of a killed process may be torn.
            AddErrorLine($"not an event: {line}");
            return null;
        }
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
            AddErrorLine(line);
    }

    private void AddErrorLine(string line)
    {
        lock (_errorLines)
        {
            if (_errorLines.Count == ErrorLinesMax)
                _errorLines.Dequeue();
            _errorLines.Enqueue(line);
        }
    }

    /// <summary>Kills the process if it still runs, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            Kill();
        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _reading.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _process.Dispose();
    }
}
