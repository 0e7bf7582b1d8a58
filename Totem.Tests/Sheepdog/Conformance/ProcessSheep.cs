using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>A sheep in a process of its own that takes the commands of <c>totem sheep</c> and
/// prints its JSON.</summary>
internal sealed class ProcessSheep : TestSheep
{
    private static readonly TimeSpan EndLimit = HangLimit.OfAWait;

    private readonly int _firstPort;
    private readonly Process _process;
    private readonly Thread _reader;
    private readonly ConcurrentDictionary<ulong, SemaphoreSlim> _locked = new();
    private readonly Lock _input = new();
    private readonly List<(string Line, DateTimeOffset At)> _times = [];
    private bool _isDisposed;
    private DateTimeOffset _at;

    /// <param name="command">The program and its arguments, but for the port.</param>
    /// <param name="identity">The node: its port counts from the first one.</param>
    /// <param name="firstPort">The port of sheep 0.</param>
    public ProcessSheep(IReadOnlyList<string> command, int identity, int firstPort) : base(identity)
    {
        _firstPort = firstPort;
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
                UseShellExecute = false,
        };
        foreach (var argument in (string[])[.. command.Skip(1), "-p",
            (firstPort + identity).ToString(CultureInfo.InvariantCulture), "--json"])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} does not start");
        _process.ErrorDataReceived += (_, line) => Add($"error {line.Data}");
        _process.BeginErrorReadLine();
        _reader = new Thread(Read) { IsBackground = true, Name = $"sheep {identity}" };
        _reader.Start();
    }

    public int ProcessId => _process.Id;

    /// <summary>How its process ended, which the lines of one that was killed or that crashed do not tell.</summary>
    protected override string Condition =>
        _process.HasExited ? $"its process has ended with {_process.ExitCode}" : "its process runs";

    /// <summary>When it was told a line, by its own word; there is one clock on a host.</summary>
    public DateTimeOffset TimeOf(string start, int occurrence = 1)
    {
        WaitForCount(start, occurrence);
        lock (_times)
            return _times.Where(x => x.Line.StartsWith(start, StringComparison.Ordinal)).ElementAt(occurrence - 1).At;
    }

    /// <summary>When its node list changed last.</summary>
    public DateTimeOffset LastMembership
    {
        get
        {
            lock (_times)
                return _times.Last(x => x.Line.StartsWith("accept ", StringComparison.Ordinal)
                    || x.Line.StartsWith("leave ", StringComparison.Ordinal)).At;
        }
    }

    /// <summary>The exit code of its process; waits for it.</summary>
    public int ExitCode
    {
        get
        {
            Assert.True(_process.WaitForExit(EndLimit), $"sheep {Identity} does not end; it was "
                + $"told\n{string.Join('\n', Lines)}");
            return _process.ExitCode;
        }
    }

    // It asks by itself.
    public override TestSheep Join() => this;

    public override void Leave() => Write("leave");

    public override void Notify(string text) => Write($"notify {text}");

    public override void Block() => Write("block");

    public override void Unblock(string text) => Write($"unblock {text}");

    public override void Update(int value) => Write($"update {value}");

    public override void Lock(ulong id)
    {
        Write($"lock {id}");
        Assert.True(Waiting(id).Wait(EndLimit), $"sheep {Identity} has no lock {id}");
    }

    public override bool Unlock(ulong id)
    {
        var line = $"unlock {id}";
        var before = CountOf(line);
        Write(line);
        WaitForCount(line, before + 1);
        return Lines.Last(x => x.StartsWith(line, StringComparison.Ordinal)) == line;
    }

    /// <summary>Tells it to leave in order and end; does not wait.</summary>
    public void Terminate() => Signal("TERM");

    public override void Stop()
    {
        Terminate();
        Assert.True(ExitCode == 0, $"sheep {Identity} ended with {ExitCode}; it was told\n{string.Join('\n', Lines)}");
        _reader.Join();
    }

    public override void Kill() => Signal("KILL");

    /// <summary>The process runs no more, and is there.</summary>
    public void Pause() => Signal("STOP");

    /// <summary>It runs again.</summary>
    public void Resume() => Signal("CONT");

    protected override void Dispose(bool disposing)
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _reader.Join();
        _process.Dispose();
    }

    protected override void Add(string line)
    {
        lock (_times)
            _times.Add((line, _at));
        base.Add(line);
    }

    private SemaphoreSlim Waiting(ulong id) => _locked.GetOrAdd(id, _ => new SemaphoreSlim(0));

    private void Write(string line)
    {
        lock (_input)
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
    }

    private void Signal(string name)
    {
        if (!_process.HasExited)
            Processes.SystemCommand.Run($"kill -{name} {_process.Id}");
    }

    private void Read()
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            try
            {
                var json = JsonDocument.Parse(line).RootElement;
                _at = json.GetProperty("at").GetDateTimeOffset();
                Take(json);
            }
            catch (Exception failure) when (failure is JsonException or KeyNotFoundException or FormatException)
            {
                Add($"no event: {line}");
            }
        }

        Add("ended");
    }

    private void Take(JsonElement line)
    {
        switch (Text(line, "event"))
        {
            case "epoch":
                TakeEpoch(line);
                break;
            case "notify":
                Add(NotifyLine(IdOf(Text(line, "node")), Text(line, "text")));
                break;
            case "done":
                TakeDone(Text(line, "what"));
                break;
            case "failed":
                var reason = Text(line, "reason");
                if (reason.StartsWith("the session was lost", StringComparison.Ordinal))
                    Add(Reconnected);
                // "lock 7 is not held" answers an unlock.
                Add(reason.EndsWith("is not held", StringComparison.Ordinal) ? $"un{reason}" : $"failed {reason}");
                break;
            case "log":
                Add($"log {Text(line, "level")} {Text(line, "text")}");
                break;
            default:
                Add(line.ToString());
                break;
        }
    }

    private void TakeEpoch(JsonElement line)
    {
        var (why, node) = (Text(line, "why"), Text(line, "node"));
        var members = Names(line.GetProperty("members").EnumerateArray().Select(x => IdOf(x.GetString()!)));
        Add($"epoch {line.GetProperty("epoch").GetInt32()}");
        Add(why switch
        {
            "joined" => $"accept {IdOf(node)} [{members}]",
            "left" => $"leave {IdOf(node)} [{members}]",
            _ => $"update {IdOf(node)} {node[(node.LastIndexOf(':') + 1)..]}",
        });
    }

    private void TakeDone(string what)
    {
        if (what == "block")
            Turn();
        else if (what.StartsWith("lock ", StringComparison.Ordinal))
            Waiting(ulong.Parse(what["lock ".Length..], CultureInfo.InvariantCulture)).Release();
        Add(what);
    }

    /// <summary>ADDRESS:PORT:NODES.</summary>
    private int IdOf(string node) => int.Parse(node.Split(':')[^2], CultureInfo.InvariantCulture) - _firstPort;

    private static string Text(JsonElement line, string field) => line.GetProperty(field).GetString()!;
}
