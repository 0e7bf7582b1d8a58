using System.Diagnostics;

namespace Totem.Tests.Samples;

/// <summary>A program of the folder samples, started as a person would start it, without its build.</summary>
internal sealed class SampleProcess : IDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private int _closed;

    public SampleProcess(string name, params string[] arguments)
    {
        var info = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{name}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        _process = Process.Start(info)!;
        _process.OutputDataReceived += (_, e) => Take(e.Data);
        _process.ErrorDataReceived += (_, e) => Take(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>All that it has printed so far.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    /// <summary>Waits until it has printed a line that is wanted, and fails with all its lines when
    /// it ends before.</summary>
    public string WaitFor(Func<string, bool> isWanted)
    {
        string? found = null;
        WaitUntil(() => (found = Lines.FirstOrDefault(isWanted)) is not null, "the wanted line");
        return found!;
    }

    /// <summary>Waits until it has ended by itself and all that it printed is here.</summary>
    public int WaitForEnd()
    {
        WaitUntil(() => false, null);
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        lock (_lines)
        {
            if (line is null)
                _closed++;
            else
                _lines.Add(line);
            Monitor.PulseAll(_lines);
        }
    }

    private void WaitUntil(Func<bool> condition, string? what)
    {
        var until = DateTime.UtcNow + HangLimit.OfAWait;
        lock (_lines)
        {
            while (!condition())
            {
                // Both of its streams are at their end.
                if (_closed == 2)
                {
                    Assert.True(what is null, $"it ended without {what}: {string.Join('\n', _lines)}");
                    return;
                }

                var left = until - DateTime.UtcNow;
                Assert.True(left > TimeSpan.Zero && Monitor.Wait(_lines, left), "nothing more came: "
                    + $"{string.Join('\n', _lines)}");
            }
        }
    }
}
