using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Totem.CommandLine;

namespace Totem.Bench.Processes;

/// <summary>A child process that is one node. It leaves when its input ends, so it never outlives
/// this process for long.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private const int ErrorLinesMax = 20;
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Channel<NodeEvent> _events = Channel.CreateUnbounded<NodeEvent>();
    private readonly Queue<string> _errors = [];
    private readonly Task _reading;

    private NodeProcess(uint node, Process process)
    {
        Node = node;
        _process = process;
        _reading = Task.WhenAll(ReadEventsAsync(), ReadErrorsAsync());
    }

    /// <summary>Its number.</summary>
    public uint Node { get; }

    /// <summary>Starts a node.</summary>
    /// <param name="setup">Its part.</param>
    /// <param name="wrapper">A command that runs another one where the node belongs; empty for none.</param>
    /// <param name="program">The program and its arguments.</param>
    /// <param name="variables">The variables that its environment has besides.</param>
    public static NodeProcess Start(
        NodeSetup setup, IReadOnlyList<string> wrapper, IReadOnlyList<string> program, IReadOnlyDictionary<string,
        string>? variables = null)
    {
        string[] command = [.. wrapper, .. program];
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // A node that is killed would leave its runtime's pipes in the temporary directory.
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var (name, value) in variables ?? ImmutableDictionary<string, string>.Empty)
            info.Environment[name] = value;
        try
        {
            var process = new NodeProcess(
                setup.Self, Process.Start(info) ?? throw new InvalidOperationException("no process"));
            process.Write(JsonSerializer.Serialize(setup, NodeJson.Default.NodeSetup));
            return process;
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new CommandFailedException(ExitCode.Environment, $"cannot start {info.FileName}: {failure.Message}");
        }
    }

    /// <summary>Tells it something. A line to a dead process is lost.</summary>
    public void Tell(NodeInstruction what) => Write(JsonSerializer.Serialize(what, NodeJson.Default.NodeInstruction));

    /// <summary>Waits for what it says next.</summary>
    /// <exception cref="RunFailedException">It said something else, nothing in time, or ended.</exception>
    public async Task<T> ExpectAsync<T>(TimeSpan limit, CancellationToken cancellationToken)
        where T : NodeEvent
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(limit);
        try
        {
            return await _events.Reader.ReadAsync(timer.Token).ConfigureAwait(false) switch
            {
                T expected => expected,
                NodeFailed { ExitCode: ExitCode.Usage or ExitCode.Environment } failed =>
                    throw new CommandFailedException(failed.ExitCode, failed.Message),
                NodeFailed failed => throw new RunFailedException($"node {Node}: {failed.Message}"),
                var other =>
                    throw new RunFailedException($"node {Node} said {other.GetType().Name}, expected {typeof(T).Name}"),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RunFailedException($"node {Node}: no {typeof(T).Name} within {limit.TotalSeconds:0} s");
        }
        catch (ChannelClosedException)
        {
            throw new RunFailedException($"node {Node} ended: {LastErrors}");
        }
    }

    private string LastErrors
    {
        get
        {
            lock (_errors)
                return string.Join('\n', _errors);
        }
    }

    private void Write(string line)
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

    private async Task ReadEventsAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            try
            {
                await _events.Writer.WriteAsync(JsonSerializer.Deserialize(line, NodeJson.Default.NodeEvent)!)
                    .ConfigureAwait(false);
            }
            catch (JsonException)
            {
                AddError($"not an event: {line}"); // The last line of a dying process may be torn.
            }
        }

        _events.Writer.Complete();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
            AddError(line);
    }

    private void AddError(string line)
    {
        lock (_errors)
        {
            if (_errors.Count == ErrorLinesMax)
                _errors.Dequeue();
            _errors.Enqueue(line);
        }
    }

    /// <summary>Lets it leave by itself; kills it when it does not.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone.
        }

        using var limit = new CancellationTokenSource(LeaveLimit);
        try
        {
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync().ConfigureAwait(false);
        }

        await _reading.ConfigureAwait(false);
        _process.Dispose();
    }
}

/// <summary>A run came to nothing; the others may go on.</summary>
internal sealed class RunFailedException(string message) : Exception(message);
