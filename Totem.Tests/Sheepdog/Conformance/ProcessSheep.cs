using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>A sheep in a process of its own that takes the commands of <c>totem sheep</c> and prints its JSON.</summary>
internal sealed class ProcessSheep : TestSheep
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);

    private readonly int _firstPort;
    private readonly Process _process;
    private readonly Thread _reader;
    private readonly ConcurrentDictionary<ulong, SemaphoreSlim> _locked = new();
    private readonly Lock _input = new();
    private bool _isDisposed;

    /// <param name="command">The program and its arguments, but for the port.</param>
    /// <param name="identity">Who it is: its port counts from the first one.</param>
    /// <param name="firstPort">The port of sheep 0.</param>
    public ProcessSheep(IReadOnlyList<string> command, int identity, int firstPort) : base(identity)
    {
        _firstPort = firstPort;
        var start = new ProcessStartInfo(command[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[.. command.Skip(1), "-p", (firstPort + identity).ToString(CultureInfo.InvariantCulture), "--json"])
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Add($"error {line.Data}");
        _process.BeginErrorReadLine();
        _reader = new Thread(Read) { IsBackground = true, Name = $"sheep {identity}" };
        _reader.Start();
    }

    public int ProcessId => _process.Id;

    /// <summary>What its process ended with; waits for it.</summary>
    public int ExitCode
    {
        get
        {
            Assert.True(_process.WaitForExit(EndLimit), $"sheep {Identity} does not end; it was told\n{string.Join('\n', Lines)}");
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

    public override void Stop()
    {
        Signal("TERM");
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
                Take(JsonDocument.Parse(line).RootElement);
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
